/**
 * MessageBird's status reports about text and voice messages ("Handle a status report"), and their signature ("Verify
 * HTTP requests", MessageBird-Signature-JWT): https://developers.messagebird.com/api
 *
 * The reports are GET requests without a body. Their data is in the query, so the hash of the complete URL
 * authenticates it.
 */
import { codeOf } from '../answers.ts'
import { createTokenVerifier, isHashOf } from '../receipt-token.ts'
import { createReceiptReader, createStatusReader, type ReceiptReader, receiptOf } from '../receipts.ts'

/** Maps the statuses of messages and calls; others (`scheduled`, `calling`) are ignored. */
const statusOf = createStatusReader({
  // `buffered`: the network has it, the phone does not.
  sent: ['sent', 'buffered'],
  delivered: ['delivered', 'answered'],
  undelivered: ['delivery_failed', 'expired', 'busy', 'machine'],
  failed: ['failed'],
})

/** Makes a reader of reports signed with the signing key, over the time and the hashes of URL and body. */
export const readMessagebirdReceipt = (key: string): ReceiptReader => {
  const verifyToken = createTokenVerifier(key)
  return createReceiptReader({
    verify: ({ url, headers, body }) => {
      const { iss, nbf, iat, url_hash, payload_hash } = verifyToken(headers['messagebird-signature-jwt'] ?? '')
      // The token expires after a minute, but all providers share one tolerance for the signed time.
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
