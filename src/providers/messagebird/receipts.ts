/**
 * MessageBird's status reports, of text and of voice messages ("Handle a status report"), and their signature
 * ("Verify HTTP requests", MessageBird-Signature-JWT): https://developers.messagebird.com/api
 *
 * They are GET requests and stand in the query: the body is empty, and the hash of the whole address is what matters.
 */
import type { Receipt, ReceiptReading, ReceiptRequest } from '../../core/delivery/ports.ts'
import { isSame, sha256, verifyToken } from '../receipt-token.ts'

/** How old, or how far ahead, the signed time may be, in ms. */
const TOLERANCE = 300_000

/** How far a message or a call has come; what is not here (`scheduled`, `calling`) is of no interest. */
const STATUSES = new Map<string | null, Receipt['status']>([
  ['sent', 'sent'],
  // The network has it, the phone does not.
  ['buffered', 'sent'],
  ['delivered', 'delivered'],
  ['delivery_failed', 'undelivered'],
  ['expired', 'undelivered'],
  ['answered', 'delivered'],
  ['busy', 'undelivered'],
  ['machine', 'undelivered'],
  ['failed', 'failed'],
])

/** A code fit for the log: short and of harmless characters, or none. */
export const codeOf = (value: unknown): string | undefined => {
  const code = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  return /^([0-9]{1,5}|[A-Za-z][A-Za-z0-9_.-]{0,39})$/.test(code) ? code : undefined
}

/** A token vouches for an address, and for a body where there is one. */
const vouches = (claims: Record<string, unknown>, { url, body }: ReceiptRequest): boolean => {
  const { iss, url_hash, payload_hash } = claims
  if (iss !== 'MessageBird' || !isSame(url_hash, sha256(url))) return false
  return payload_hash === undefined ? body.length === 0 : isSame(payload_hash, sha256(body))
}

const readReport = (report: URLSearchParams): Receipt[] | undefined => {
  const messageId = report.get('id')?.slice(0, 100)
  const word = report.get('status')
  if (!messageId || word === null) return undefined
  const status = STATUSES.get(word)
  if (!status) return []
  const reference = report.get('reference') ?? ''
  const sendId = /^[0-9a-f-]{36}$/i.test(reference) ? reference : undefined
  const reason = codeOf(report.get('statusErrorCode')) ?? codeOf(report.get('statusReason')?.replaceAll(' ', '_'))
  return [{ ...(sendId && { sendId }), messageId, status, ...(reason && status !== 'delivered' && { reason }) }]
}

/** Reads what MessageBird signed with the signing key: the time and the hash of the address. Never throws. */
export const readMessagebirdReceipt =
  (key: string) =>
  (request: ReceiptRequest): ReceiptReading => {
    const claims = verifyToken(request.headers['messagebird-signature-jwt'] ?? '', key)
    // A token expires after a minute; how long it is taken is for us to say, and the same for every company.
    const signedAt = claims?.['nbf'] ?? claims?.['iat']
    if (!claims || typeof signedAt !== 'number' || !vouches(claims, request)) return { outcome: 'forged' }
    if (Math.abs(request.now - signedAt * 1_000) > TOLERANCE) return { outcome: 'stale' }

    const receipts = URL.canParse(request.url) ? readReport(new URL(request.url).searchParams) : undefined
    return receipts ? { outcome: 'read', receipts } : { outcome: 'unreadable' }
  }
