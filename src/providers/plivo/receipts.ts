/**
 * Plivo's message status callbacks: https://www.plivo.com/docs/messaging/api/message/message-status-callbacks
 *
 * There are two signatures. V2 is documented for messages ("Validating Requests and Responses") and covers neither
 * query nor body. V3 covers both. V3 decides if present. With V2 alone, the URL must also contain our HMAC of the send
 * id, which authenticates the report about that one message.
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

/** Maps the statuses of messages; others are ignored. */
const statusOf = createStatusReader({
  sent: ['sent'],
  delivered: ['delivered', 'read'],
  undelivered: ['undelivered', 'rejected'],
  failed: ['failed'],
})

/** Joins names with their values, sorted by names and then by values. */
const concatenate = (params: URLSearchParams, between: string, separator: string): string => {
  const pairs = [...params].sort((one, other) => (one.join('\0') < other.join('\0') ? -1 : 1))
  return pairs.map((pair) => pair.join(between)).join(separator)
}

/** Returns the text that V3 signs for a POST, without the nonce. */
const canonicalOf = ({ origin, pathname, searchParams }: URL, form: URLSearchParams): string => {
  const query = concatenate(searchParams, '=', '&')
  const mark = query || form.size > 0 ? '?' : ''
  const dot = query && form.size > 0 ? '.' : ''
  return origin + pathname + mark + query + dot + concatenate(form, '', '')
}

/** Returns true if one of the signatures is valid: by the token of the account, or of the main account. */
const isSigned = (token: string, headers: ReceiptRequest['headers'], version: 'v2' | 'v3', data: string): boolean => {
  const expected = hmac('sha256', token, data, 'base64')
  const given = `${headers[`x-plivo-signature-${version}`] ?? ''},${headers[`x-plivo-signature-ma-${version}`] ?? ''}`
  return given.split(',').some((signature) => isSameText(signature.trim(), expected))
}

/** Makes a reader of callbacks signed with the auth token. The time is not signed. */
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
        // 000 means success.
        reason: /^0+$/.test(code) ? undefined : codeOf(code),
      })
    },
  })
