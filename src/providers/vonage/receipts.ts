/**
 * Vonage's webhooks: the status of messages (Messages API v1, "Message Status") and the events of calls (Voice API,
 * "Webhooks Reference"), and the signature of both ("Decoding signed webhooks"):
 * https://developer.vonage.com/en/getting-started/concepts/webhooks
 */
import type { Receipt, ReceiptReading, ReceiptRequest } from '../../core/delivery/ports.ts'
import { isObject } from '../../http-client/client.ts'
import { isSame, sha256, verifyToken } from '../receipt-token.ts'

/** How old, or how far ahead, the signed time may be, in ms. */
const TOLERANCE = 300_000

/** How far a message has come. */
const MESSAGE_STATUSES = new Map<unknown, Receipt['status']>([
  ['submitted', 'sent'],
  ['delivered', 'delivered'],
  ['read', 'delivered'],
  ['rejected', 'undelivered'],
  // Vonage did not get it to the channel's provider.
  ['undeliverable', 'failed'],
])

/** How a call has ended; what is not here is of no interest. */
const CALL_STATUSES = new Map<unknown, Receipt['status']>([
  ['completed', 'delivered'],
  ['busy', 'undelivered'],
  ['rejected', 'undelivered'],
  ['timeout', 'undelivered'],
  ['unanswered', 'undelivered'],
  ['cancelled', 'failed'],
  ['failed', 'failed'],
])

const CODE = /^(\d{1,5}|[A-Za-z][A-Za-z0-9_.-]{0,39})$/

const wordOf = (value: unknown): string | undefined =>
  typeof value === 'string' && CODE.test(value) ? value : undefined

/** The code of one of Vonage's problems (RFC 7807), fit for the log: its type ends in it, its title may be it. */
export const codeOf = ({ type, title }: Record<string, unknown>): string | undefined =>
  wordOf(typeof type === 'string' ? type.split('#')[1] : undefined) ?? wordOf(title)

const sendIdOf = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[0-9a-f-]{36}$/i.test(value) ? value : undefined

const inQuery = (url: string): string | null => (URL.canParse(url) ? new URL(url).searchParams.get('send_id') : null)

const readEvent = (event: Record<string, unknown>, url: string): Receipt[] | undefined => {
  const { message_uuid, uuid, client_ref, status: word, error, detail } = event
  const ofCall = message_uuid === undefined
  const id = ofCall ? uuid : message_uuid
  if (typeof id !== 'string' || id.length === 0) return undefined
  const status = (ofCall ? CALL_STATUSES : MESSAGE_STATUSES).get(word)
  if (!status) return []
  const sendId = sendIdOf(ofCall ? inQuery(url) : client_ref)
  // Calls have no code, but the way they ended says as much.
  const code = ofCall ? (wordOf(detail) ?? wordOf(word)) : isObject(error) && codeOf(error)
  return [
    {
      ...(sendId && { sendId }),
      messageId: id.slice(0, 100),
      status,
      ...(code && status !== 'delivered' && { reason: code }),
    },
  ]
}

const parse = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

/** Reads what Vonage signed with the signature secret: the time and the hash of the body. Never throws. */
export const readVonageReceipt =
  (secret: string) =>
  ({ url, headers, body, now }: ReceiptRequest): ReceiptReading => {
    const [, token] = /^Bearer (\S+)$/i.exec(headers['authorization'] ?? '') ?? []
    const claims = token === undefined ? undefined : verifyToken(token, secret)
    const signedAt = claims?.['iat']
    if (typeof signedAt !== 'number' || !isSame(claims?.['payload_hash'], sha256(body))) return { outcome: 'forged' }
    if (Math.abs(now - signedAt * 1_000) > TOLERANCE) return { outcome: 'stale' }

    const event = parse(body)
    const receipts = isObject(event) ? readEvent(event, url) : undefined
    return receipts ? { outcome: 'read', receipts } : { outcome: 'unreadable' }
  }
