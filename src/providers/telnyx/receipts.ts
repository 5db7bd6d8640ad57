/**
 * Telnyx's receipts: JSON about messages ("Receiving Webhooks for Messaging") and forms about calls ("TeXML call
 * completed"). Both have the same signature. https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
 */
import { createPublicKey, verify } from 'node:crypto'
import type { Receipt } from '../../core/delivery/ports.ts'
import { isObject, parseJson } from '../../http-client/client.ts'
import { codeOf, objectOf, objectsIn } from '../answers.ts'
import { createReceiptReader, createStatusReader, type ReceiptReader, receiptOf, sendIdIn } from '../receipts.ts'

/** Maps the statuses of messages and calls; others are ignored. */
const statusOf = createStatusReader({
  sent: ['sent'],
  delivered: ['delivered', 'read', 'completed'],
  undelivered: ['delivery_failed', 'expired', 'busy', 'no-answer'],
  failed: ['sending_failed', 'canceled', 'failed'],
})

const readMessage = (text: string, url: string): Receipt[] | undefined => {
  const { data, meta } = objectOf(parseJson(text))
  if (!isObject(data) || !isObject(data['payload'])) return undefined
  if (data['event_type'] !== 'message.sent' && data['event_type'] !== 'message.finalized') return []
  const { id, to, errors, webhook_url } = data['payload']
  const [[addressee], [error]] = [objectsIn(to), objectsIn(errors)]
  return receiptOf({
    // The URL is not signed, but its copies in the body are.
    sendId: sendIdIn(webhook_url) ?? sendIdIn(objectOf(meta)['delivered_to']) ?? sendIdIn(url),
    messageId: id,
    status: statusOf(addressee?.['status']),
    reason: codeOf(error?.['code']),
  })
}

const readCall = (text: string, url: string): Receipt[] | undefined => {
  const form = new URLSearchParams(text)
  const word = form.get('CallStatus')
  if (word === null) return undefined
  const reason = codeOf(form.get('HangupCause') ?? word)
  return receiptOf({ sendId: sendIdIn(url), messageId: form.get('CallSid'), status: statusOf(word), reason })
}

/**
 * Makes a reader of receipts that Telnyx signed with its Ed25519 key, over the time, a vertical bar and the raw body.
 * The public key is 32 bytes in base64, as the portal shows it.
 */
export const readTelnyxReceipt = (publicKey: string): ReceiptReader => {
  const x = Buffer.from(publicKey, 'base64').toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return createReceiptReader({
    verify: ({ headers, body }) => {
      const time = headers['telnyx-timestamp'] ?? ''
      const signature = Buffer.from(headers['telnyx-signature-ed25519'] ?? '', 'base64')
      const isGenuine = () => verify(null, Buffer.concat([Buffer.from(`${time}|`), body]), key, signature)
      return /^\d{1,12}$/.test(time) && signature.length === 64 && isGenuine() && Number(time) * 1_000
    },
    read: (text, _query, { url, headers }) => {
      const isForm = headers['content-type']?.toLowerCase().startsWith('application/x-www-form-urlencoded')
      return (isForm ? readCall : readMessage)(text, url)
    },
  })
}
