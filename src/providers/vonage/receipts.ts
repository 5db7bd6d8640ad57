/**
 * Vonage's webhooks: the status of messages (Messages API v1, "Message Status") and the events of calls (Voice API,
 * "Webhooks Reference"), and their signature ("Decoding signed webhooks"):
 * https://developer.vonage.com/en/getting-started/concepts/webhooks
 */
import { isObject, parseJson } from '../../http-client/client.ts'
import { codeOf, objectOf } from '../answers.ts'
import { createTokenVerifier, isHashOf } from '../receipt-token.ts'
import { createReceiptReader, createStatusReader, type ReceiptReader, receiptOf } from '../receipts.ts'

/** Maps the statuses of messages. */
const messageStatus = createStatusReader({
  sent: ['submitted'],
  delivered: ['delivered', 'read'],
  undelivered: ['rejected'],
  // Vonage could not hand it to the channel's provider.
  failed: ['undeliverable'],
})

/** Maps the final statuses of calls; others are ignored. */
const callStatus = createStatusReader({
  delivered: ['completed'],
  undelivered: ['busy', 'rejected', 'timeout', 'unanswered'],
  failed: ['cancelled', 'failed'],
})

/** Returns the code of a problem (RFC 7807), safe to log: the end of its type, or its title. */
export const problemCode = ({ type, title }: Record<string, unknown>): string | undefined =>
  codeOf(typeof type === 'string' ? type.split('#')[1] : undefined) ?? codeOf(title)

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''

/** Makes a reader of webhooks signed with the signature secret, over the time and the hash of the body. */
export const readVonageReceipt = (secret: string): ReceiptReader => {
  const verifyToken = createTokenVerifier(secret)
  return createReceiptReader({
    verify: ({ headers, body }) => {
      const [, token = ''] = /^Bearer (\S+)$/i.exec(headers['authorization'] ?? '') ?? []
      const { iat, payload_hash } = verifyToken(token)
      return typeof iat === 'number' && isHashOf(payload_hash, body) && iat * 1_000
    },
    read: (text, query) => {
      const { message_uuid, uuid, client_ref, status, error, detail } = objectOf(parseJson(text))
      if (message_uuid !== undefined) {
        return isText(message_uuid)
          ? receiptOf({
              sendId: client_ref,
              messageId: message_uuid,
              status: messageStatus(status),
              reason: isObject(error) ? problemCode(error) : undefined,
            })
          : undefined
      }
      if (!isText(uuid)) return undefined
      // Calls have no error code, so the detail or the final status is the reason.
      const reason = codeOf(detail) ?? codeOf(status)
      return receiptOf({ sendId: query.get('send_id'), messageId: uuid, status: callStatus(status), reason })
    },
  })
}
