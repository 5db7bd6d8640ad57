/** The processing of receipts that several providers share. */
import { createHmac } from 'node:crypto'
import type { Provider, Receipt, ReceiptRequest } from '../core/delivery/ports.ts'
import { isSameText } from '../core/same-text.ts'

/** Reads a receipt of one provider. Never throws. */
export type ReceiptReader = NonNullable<Provider['readReceipt']>

/** Greatest difference between the signed time and now, in ms. */
const TOLERANCE = 300_000

const UUID = /^[0-9a-f-]{36}$/i

/** The two steps of reading a receipt. */
export interface ReceiptSteps {
  /**
   * Verifies the signature. Returns the signed time in Unix ms; true if the provider signs no time; false for an
   * invalid signature.
   */
  verify(request: ReceiptRequest, query: URLSearchParams): number | boolean
  /** Reads a verified receipt; undefined for an unknown form. */
  read(text: string, query: URLSearchParams, request: ReceiptRequest): Receipt[] | undefined
}

/** Makes a reader that first verifies a receipt, and refuses one whose signed time is more than 300 s from now. */
export const createReceiptReader =
  ({ verify, read }: ReceiptSteps): ReceiptReader =>
  (request) => {
    const query = URL.parse(request.url)?.searchParams ?? new URLSearchParams()
    const signed = verify(request, query)
    if (signed === false) return { outcome: 'forged' }
    if (signed !== true && Math.abs(request.now - signed) > TOLERANCE) return { outcome: 'stale' }
    const receipts = read(request.body.toString(), query, request)
    return receipts ? { outcome: 'read', receipts } : { outcome: 'unreadable' }
  }

/** Returns the send id in a URL made by `receiptUrl`; undefined for other values. */
export const sendIdIn = (url: unknown): string | undefined =>
  (typeof url === 'string' && URL.parse(url)?.searchParams.get('send_id')?.match(UUID)?.[0]) || undefined

/**
 * Makes a function that returns our status for a provider's status word; undefined for an ignored word. The words are
 * listed by our status.
 */
export const createStatusReader = (
  words: Partial<Record<Receipt['status'], readonly string[]>>,
): ((word: unknown) => Receipt['status'] | undefined) => {
  const entries = Object.entries(words) as [Receipt['status'], readonly string[]][]
  const statuses = new Map<unknown, Receipt['status']>(
    entries.flatMap(([status, list]) => list.map((word) => [word, status] as const)),
  )
  return (word) => statuses.get(word)
}

/** A provider's report about one message, before validation. */
export interface Report {
  sendId?: unknown
  messageId?: unknown
  /** Undefined for an ignored status. */
  status: Receipt['status'] | undefined
  /** Safe to log. */
  reason?: string | undefined
}

/** Returns the receipt for a report; an empty list if its status is ignored or it names no message. */
export const receiptOf = ({ sendId, messageId, status, reason }: Report): Receipt[] => {
  const ours = typeof sendId === 'string' && UUID.test(sendId) && sendId
  const theirs = typeof messageId === 'string' && messageId.slice(0, 100)
  if (!status || !(ours || theirs)) return []
  return [
    {
      ...(ours && { sendId: ours }),
      ...(theirs && { messageId: theirs }),
      status,
      ...(reason && status !== 'delivered' && { reason }),
    },
  ]
}

/** Returns the HMAC of a text under a secret (RFC 2104). */
export const hmac = (algorithm: 'sha1' | 'sha256', secret: string, text: string, encoding: 'base64' | 'hex'): string =>
  createHmac(algorithm, secret).update(text).digest(encoding)

const keyOf = (secret: string, sendId: string): string => hmac('sha256', secret, sendId, 'hex')

/** Returns the URL for the receipts of one message. With a secret, `verifyReceiptUrl` can verify it. */
export const receiptUrl = (base: string, sendId: string, secret?: string): string =>
  `${base}?send_id=${sendId}${secret === undefined ? '' : `&key=${keyOf(secret, sendId)}`}`

/** Returns true for the query of a URL that `receiptUrl` made with this secret. */
export const verifyReceiptUrl = (secret: string, query: URLSearchParams): boolean => {
  const sendId = query.get('send_id') ?? ''
  return UUID.test(sendId) && isSameText(query.get('key') ?? '', keyOf(secret, sendId))
}
