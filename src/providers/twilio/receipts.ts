/**
 * Twilio's status callbacks, for messages ("Outbound Message Status in Status Callbacks") and for calls ("Call
 * resource"), and their signature: https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
import { isSameText } from '../../core/same-text.ts'
import { codeOf } from '../answers.ts'
import { createReceiptReader, createStatusReader, hmac, type ReceiptReader, receiptOf } from '../receipts.ts'

/** Maps the statuses of messages; others are ignored. */
const messageStatus = createStatusReader({
  sent: ['sent'],
  delivered: ['delivered', 'read'],
  undelivered: ['undelivered'],
  failed: ['failed', 'canceled'],
})

/** Maps the final statuses of calls; others are ignored. */
const callStatus = createStatusReader({
  delivered: ['completed'],
  undelivered: ['busy', 'no-answer'],
  failed: ['failed', 'canceled'],
})

/** Joins each name with each of its values, sorted and without repetitions. */
const concatenate = (form: URLSearchParams): string => {
  const names = [...new Set(form.keys())].sort()
  return names.flatMap((name) => [...new Set(form.getAll(name))].sort().map((value) => name + value)).join('')
}

/** Returns the forms of our URL that Twilio may have signed: with and without the port. */
const addressesOf = (url: string): string[] => {
  if (!URL.canParse(url)) return []
  const { protocol, hostname, port, pathname, search } = new URL(url)
  const explicit = port || (protocol === 'https:' ? '443' : '80')
  return [`${protocol}//${hostname}${pathname}${search}`, `${protocol}//${hostname}:${explicit}${pathname}${search}`]
}

/** Makes a reader of callbacks signed with the auth token, over the URL and all parameters, without the time. */
export const readTwilioReceipt = (token: string): ReceiptReader =>
  createReceiptReader({
    verify: ({ url, headers, body }) => {
      const given = headers['x-twilio-signature'] ?? ''
      const parameters = concatenate(new URLSearchParams(body.toString()))
      return addressesOf(url).some((address) => isSameText(given, hmac('sha1', token, address + parameters, 'base64')))
    },
    read: (text, query) => {
      const form = new URLSearchParams(text)
      const ofMessage = form.get('MessageStatus')
      const ofCall = form.get('CallStatus')
      if (ofMessage === null && ofCall === null) return undefined
      return receiptOf({
        sendId: query.get('send_id'),
        messageId: form.get(ofMessage === null ? 'CallSid' : 'MessageSid'),
        status: ofMessage === null ? callStatus(ofCall) : messageStatus(ofMessage),
        // Calls have no error code, so the final status is the reason.
        reason: codeOf(form.get('ErrorCode') ?? ofCall),
      })
    },
  })
