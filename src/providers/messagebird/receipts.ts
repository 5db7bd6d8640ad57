/**
 * MessageBird's status reports, of text and of voice messages ("Handle a status report"), and their signature
 * ("Verify HTTP requests", MessageBird-Signature-JWT): https://developers.messagebird.com/api
 *
 * They are GET requests and stand in the query: the body is empty, and the hash of the whole address is what matters.
 */
import { codeOf } from '../answers.ts'
import { createTokenVerifier, isHashOf } from '../receipt-token.ts'
import { createReceiptReader, createStatusReader, type ReceiptReader, receiptOf } from '../receipts.ts'

/** How far a message or a call has come; other statuses (`scheduled`, `calling`) do not matter. */
const statusOf = createStatusReader({
  // `buffered`: the network has it, the phone does not.
  sent: ['sent', 'buffered'],
  delivered: ['delivered', 'answered'],
  undelivered: ['delivery_failed', 'expired', 'busy', 'machine'],
  failed: ['failed'],
})

/** Creates a reader of what MessageBird signed with the signing key: the time and the hashes of address and body. */
export const readMessagebirdReceipt = (key: string): ReceiptReader => {
  const verifyToken = createTokenVerifier(key)
  return createReceiptReader({
    verify: ({ url, headers, body }) => {
      const { iss, nbf, iat, url_hash, payload_hash } = verifyToken(headers['messagebird-signature-jwt'] ?? '')
      // A token expires after a minute; how long it is accepted is for us to say, and the same for every provider.
      const signedAt = nbf ?? iat
      const isBodySigned = payload_hash === undefined ? body.length === 0 : isHashOf(payload_hash, body)
      const isGenuine = iss === 'MessageBird' && isHashOf(url_hash, url) && isBodySigned
      return isGenuine && typeof signedAt === 'number' && signedAt * 1_000
    },
    read: (_text, report) => {
      const [messageId, status] = [report.get('id'), report.get('status')]
      if (!messageId || status === null) return undefined
      const reason = codeOf(report.get('statusErrorCode')) ?? codeOf(report.get('statusReason')?.replaceAll(' ', '_'))
      return receiptOf({ sendId: report.get('reference'), messageId, status: statusOf(status), reason })
    },
  })
}
