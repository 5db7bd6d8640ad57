/**
 * Plivo's message status callbacks: https://www.plivo.com/docs/messaging/api/message/message-status-callbacks
 *
 * Two signatures are known. V2 is the one that is documented for messages ("Validating Requests and Responses"), and
 * takes in neither the query nor the body; V3 takes in both. So V3 decides wherever it is there; where V2 is alone, the
 * address must also hold our own HMAC of the send id, and the report is believed about that one message.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Receipt, ReceiptReading, ReceiptRequest } from '../../core/delivery/ports.ts'

const STATUSES = new Map<string, Receipt['status']>([
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['read', 'delivered'],
  ['undelivered', 'undelivered'],
  ['rejected', 'undelivered'],
  ['failed', 'failed'],
])

const hmac = (token: string, data: string, encoding: 'base64' | 'hex'): string =>
  createHmac('sha256', token).update(data).digest(encoding)

const equals = (given: string, expected: string): boolean => {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}

/** Where the reports of one message go. */
export const addressReceipts = (receiptsUrl: string, token: string, sendId: string): string =>
  `${receiptsUrl}?send_id=${sendId}&key=${hmac(token, sendId, 'hex')}`

/** Names with their values, each in order. */
const sorted = (params: URLSearchParams): [name: string, value: string][] =>
  [...new Set(params.keys())].sort().flatMap((name) =>
    params
      .getAll(name)
      .sort()
      .map((value): [string, string] => [name, value]),
  )

/** What V3 signs of a POST, but for the nonce. */
const canonicalOf = ({ origin, pathname, searchParams }: URL, form: URLSearchParams): string => {
  const query = sorted(searchParams)
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  const parameters = sorted(form)
    .map(([name, value]) => name + value)
    .join('')
  const mark = query || form.size > 0 ? '?' : ''
  const dot = query && form.size > 0 ? '.' : ''
  return origin + pathname + mark + query + dot + parameters
}

/** Whether one of the signatures is that of the data: by the account's token, or the main account's. */
const isSigned = (token: string, { headers }: ReceiptRequest, version: 'v2' | 'v3', data: string): boolean => {
  const expected = hmac(token, data, 'base64')
  const given = `${headers[`x-plivo-signature-${version}`] ?? ''},${headers[`x-plivo-signature-ma-${version}`] ?? ''}`
  return given.split(',').some((signature) => equals(signature.trim(), expected))
}

/** Whether the address is one that we made. */
const isOurs = (token: string, { searchParams }: URL): boolean =>
  equals(searchParams.get('key') ?? '', hmac(token, searchParams.get('send_id') ?? '', 'hex'))

const isGenuine = (token: string, request: ReceiptRequest, url: URL, form: URLSearchParams): boolean => {
  const { headers } = request
  const isV3 = ['x-plivo-signature-v3', 'x-plivo-signature-ma-v3', 'x-plivo-signature-v3-nonce'].some(
    (name) => headers[name] !== undefined,
  )
  const nonce = headers[`x-plivo-signature-${isV3 ? 'v3' : 'v2'}-nonce`]
  if (!nonce) return false
  if (isV3) return isSigned(token, request, 'v3', `${canonicalOf(url, form)}.${nonce}`)
  return isOurs(token, url) && isSigned(token, request, 'v2', url.origin + url.pathname + nonce)
}

/** Reads what Plivo signed with the auth token; no time is signed. Never throws. */
export const readPlivoReceipt =
  (token: string) =>
  (request: ReceiptRequest): ReceiptReading => {
    if (!URL.canParse(request.url)) return { outcome: 'forged' }
    const url = new URL(request.url)
    const form = new URLSearchParams(request.body.toString())
    if (!isGenuine(token, request, url, form)) return { outcome: 'forged' }
    const word = form.get('Status')
    if (word === null) return { outcome: 'unreadable' }

    const status = STATUSES.get(word)
    const id = url.searchParams.get('send_id')
    const sendId = id && /^[0-9a-f-]{36}$/i.test(id) ? id : undefined
    const messageId = form.get('MessageUUID')?.slice(0, 100)
    if (!status || !(sendId || messageId)) return { outcome: 'read', receipts: [] }
    const code = form.get('ErrorCode') ?? ''
    // 000 stands for success.
    const reason = /^[A-Za-z0-9_.-]{1,40}$/.test(code) && !/^0+$/.test(code) ? code : undefined
    return {
      outcome: 'read',
      receipts: [{ ...(sendId && { sendId }), ...(messageId && { messageId }), status, ...(reason && { reason }) }],
    }
  }
