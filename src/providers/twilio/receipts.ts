/**
 * Twilio's status callbacks, for messages ("Outbound Message Status in Status Callbacks") and for calls ("Call
 * resource"), and the signature of both: https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Receipt, ReceiptReading, ReceiptRequest } from '../../core/delivery/ports.ts'

/** How far a message has come; what is not here is of no interest. */
const MESSAGE_STATUSES = new Map<string, Receipt['status']>([
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['read', 'delivered'],
  ['undelivered', 'undelivered'],
  ['failed', 'failed'],
  ['canceled', 'failed'],
])

/** How a call has ended; what is not here is of no interest. */
const CALL_STATUSES = new Map<string, Receipt['status']>([
  ['completed', 'delivered'],
  ['busy', 'undelivered'],
  ['no-answer', 'undelivered'],
  ['failed', 'failed'],
  ['canceled', 'failed'],
])

/** A code fit for the log: short and of harmless characters, or none. */
export const codeOf = (value: unknown): string | undefined => {
  const code = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  return /^[A-Za-z0-9_.-]{1,40}$/.test(code) ? code : undefined
}

/** Each name followed by each of its values, in order and without repetitions. */
const concatenate = (form: URLSearchParams): string => {
  const names = [...new Set(form.keys())].sort()
  return names.flatMap((name) => [...new Set(form.getAll(name))].sort().map((value) => name + value)).join('')
}

/** The forms of our address that Twilio may have signed: it is not of one mind about the port. */
const addressesOf = (url: string): string[] => {
  if (!URL.canParse(url)) return []
  const { protocol, hostname, port, pathname, search } = new URL(url)
  const explicit = port || (protocol === 'https:' ? '443' : '80')
  return [`${protocol}//${hostname}${pathname}${search}`, `${protocol}//${hostname}:${explicit}${pathname}${search}`]
}

const isSigned = (token: string, { url, headers }: ReceiptRequest, form: URLSearchParams): boolean => {
  const given = Buffer.from(headers['x-twilio-signature'] ?? '')
  const parameters = concatenate(form)
  return addressesOf(url).some((address) => {
    const expected = Buffer.from(
      createHmac('sha1', token)
        .update(address + parameters)
        .digest('base64'),
    )
    return given.length === expected.length && timingSafeEqual(given, expected)
  })
}

const sendIdOf = (url: string): string | undefined => {
  const id = new URL(url).searchParams.get('send_id')
  return id && /^[0-9a-f-]{36}$/i.test(id) ? id : undefined
}

/** Reads what Twilio signed with the auth token: the address and all parameters, but no time. Never throws. */
export const readTwilioReceipt =
  (token: string) =>
  (request: ReceiptRequest): ReceiptReading => {
    const form = new URLSearchParams(request.body.toString())
    if (!isSigned(token, request, form)) return { outcome: 'forged' }
    const ofMessage = form.get('MessageStatus')
    const ofCall = form.get('CallStatus')
    if (ofMessage === null && ofCall === null) return { outcome: 'unreadable' }

    const status = ofMessage === null ? CALL_STATUSES.get(ofCall ?? '') : MESSAGE_STATUSES.get(ofMessage)
    const sendId = sendIdOf(request.url)
    const messageId = form.get(ofMessage === null ? 'CallSid' : 'MessageSid')?.slice(0, 100)
    if (!status || !(sendId || messageId)) return { outcome: 'read', receipts: [] }
    // Calls have no code, but the way they ended says as much.
    const reason = codeOf(form.get('ErrorCode') ?? (status === 'delivered' ? null : ofCall))
    return {
      outcome: 'read',
      receipts: [{ ...(sendId && { sendId }), ...(messageId && { messageId }), status, ...(reason && { reason }) }],
    }
  }
