/**
 * Plivo's message status callbacks: https://www.plivo.com/docs/messaging/api/message/message-status-callbacks
 *
 * Two signatures are known. V2 is the one that is documented for messages ("Validating Requests and Responses"), and
 * takes in neither the query nor the body; V3 takes in both. So V3 decides wherever it is there; where V2 is alone, the
 * address must also hold our own HMAC of the send id, and the report is believed about that one message.
 */
import type { ReceiptRequest } from '../../core/delivery/ports.ts'
import { isSameText } from '../../core/same-text.ts'
import { codeOf } from '../answers.ts'
import {
  createReceiptReader,
  createStatusReader,
  hmac,
  type ReceiptReader,
  receiptOf,
  verifyReceiptUrl,
} from '../receipts.ts'

/** How far a message has come; other statuses do not matter. */
const statusOf = createStatusReader({
  sent: ['sent'],
  delivered: ['delivered', 'read'],
  undelivered: ['undelivered', 'rejected'],
  failed: ['failed'],
})

/** Joins names with their values, in order of the names and then of the values. */
const concatenate = (params: URLSearchParams, between: string, separator: string): string => {
  const pairs = [...params].sort((one, other) => (one.join('\0') < other.join('\0') ? -1 : 1))
  return pairs.map((pair) => pair.join(between)).join(separator)
}

/** Returns what V3 signs of a POST, but for the nonce. */
const canonicalOf = ({ origin, pathname, searchParams }: URL, form: URLSearchParams): string => {
  const query = concatenate(searchParams, '=', '&')
  const mark = query || form.size > 0 ? '?' : ''
  const dot = query && form.size > 0 ? '.' : ''
  return origin + pathname + mark + query + dot + concatenate(form, '', '')
}

/** Returns true if one of the signatures is that of the data: by the account's token, or the main account's. */
const isSigned = (token: string, headers: ReceiptRequest['headers'], version: 'v2' | 'v3', data: string): boolean => {
  const expected = hmac('sha256', token, data, 'base64')
  const given = `${headers[`x-plivo-signature-${version}`] ?? ''},${headers[`x-plivo-signature-ma-${version}`] ?? ''}`
  return given.split(',').some((signature) => isSameText(signature.trim(), expected))
}

/** Creates a reader of what Plivo signed with the auth token; no time is signed. */
export const readPlivoReceipt = (token: string): ReceiptReader =>
  createReceiptReader({
    verify: ({ url: address, headers, body }, query) => {
      const url = URL.parse(address)
      const isV3 = ['x-plivo-signature-v3', 'x-plivo-signature-ma-v3', 'x-plivo-signature-v3-nonce'].some(
        (name) => headers[name] !== undefined,
      )
      const nonce = headers[`x-plivo-signature-${isV3 ? 'v3' : 'v2'}-nonce`]
      if (!url || !nonce) return false
      const form = new URLSearchParams(body.toString())
      return isV3
        ? isSigned(token, headers, 'v3', `${canonicalOf(url, form)}.${nonce}`)
        : verifyReceiptUrl(token, query) && isSigned(token, headers, 'v2', url.origin + url.pathname + nonce)
    },
    read: (text, query) => {
      const form = new URLSearchParams(text)
      const word = form.get('Status')
      if (word === null) return undefined
      const code = form.get('ErrorCode') ?? ''
      return receiptOf({
        sendId: query.get('send_id'),
        messageId: form.get('MessageUUID'),
        status: statusOf(word),
        // 000 stands for success.
        reason: /^0+$/.test(code) ? undefined : codeOf(code),
      })
    },
  })
