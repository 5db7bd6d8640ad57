/**
 * Infobip, after https://www.infobip.com/docs/api in November 2026: "Send SMS messages" (/sms/3/messages), "Send
 * advanced voice message" (/tts/3/advanced) and "Send WhatsApp template message" (/whatsapp/1/message/template). Codes:
 * "Message status codes".
 */
import type { CodeMessage } from '../../core/delivery/ports.ts'
import { isObject } from '../../http-client/client.ts'
import { accepted, codeOf, isSuccess, objectOf, objectsIn, rejected, UNREADABLE } from '../answers.ts'
import { defineProvider, type Interpret } from '../define-provider.ts'
import { whatsappLocale, withoutPlus } from '../message-format.ts'
import { receiptUrl } from '../receipts.ts'
import { GROUP, readInfobipReceipt } from './receipts.ts'
import { settings } from './settings.ts'

/** PREFIX_MISSING (a number of no network), DND, DESTINATION (opted out) and INVALID_DESTINATION. */
const NUMBER_STATUSES = new Set<unknown>([8, 10, 14, 52])

const DUPLICATE_MESSAGE_ID = 23

/** The format of the requested receipts. */
const JSON_TYPE = 'application/json'

/** Languages with a voice for the region; for others only the language is sent. */
const REGIONAL = new Set('de-at de-ch en-au en-gb en-in es-mx fr-ca fr-ch pt-br pt-pt zh-cn zh-tw'.split(' '))

const languageOf = (locale: string): string => {
  const tag = locale.toLowerCase()
  return REGIONAL.has(tag) ? tag : (tag.split('-')[0] ?? tag)
}

/**
 * Interprets the only message of a response, which has the same form for all channels. Errors name members in two
 * forms.
 */
const interpret: Interpret = ({ messages, requestError, errorCode, violations }, answer) => {
  const [{ status, messageId } = {}] = objectsIn(messages)
  if (!isSuccess(answer) || (requestError && !isObject(status))) {
    const exception = objectOf(objectOf(requestError)['serviceException'])
    const complaints = [
      ...Object.keys(objectOf(exception['validationErrors'])),
      ...objectsIn(violations).map(({ property }) => String(property)),
    ]
    const isNumber = complaints.some((member) => /\bto$/.test(member))
    return rejected(answer, codeOf(errorCode) ?? codeOf(exception['messageId']), isNumber)
  }
  if (!isObject(status)) return UNREADABLE
  const { groupId, id, name } = status
  if (groupId === GROUP.OK || groupId === GROUP.PENDING || groupId === GROUP.DELIVERED) return accepted(messageId)
  const reason = codeOf(name) ?? 'rejected'
  if (groupId === GROUP.UNDELIVERABLE) return { outcome: 'failed', reason }
  // A duplicate was received before; its response does not state the result of the first.
  if (groupId !== GROUP.REJECTED || id === DUPLICATE_MESSAGE_ID) return { outcome: 'unknown', reason }
  return { outcome: NUMBER_STATUSES.has(id) ? 'refused' : 'failed', reason }
}

/** The definition of Infobip. */
export const infobipProvider = defineProvider({
  name: 'infobip',
  real: true,
  document: { url: 'https://www.infobip.com/docs/api', version: 'sms/3, tts/3, whatsapp/1; read in November 2026' },
  channels: ['sms', 'voice', 'whatsapp'],
  receipts: 'not signed by Infobip; the URL of each contains our HMAC of the send id',
  idempotency: 'messageId: a repeat returns REJECTED_DUPLICATE_MESSAGE_ID',
  settings,
  api: ({ INFOBIP_URL: url, INFOBIP_API_KEY: key }) => ({ url, authorization: `App ${key}` }),
  requests: (given, { receiptsUrl }) => {
    const {
      INFOBIP_FROM: from,
      INFOBIP_WEBHOOK_SECRET: secret,
      INFOBIP_VOICE_FROM: caller,
      INFOBIP_WHATSAPP_FROM: whatsapp,
      INFOBIP_WHATSAPP_TEMPLATE: templateName,
    } = given
    const requestOf = (path: string, message: object) => ({ path, json: { messages: [message] } })
    const destinations = ({ to, sendId }: CodeMessage) => [{ to: withoutPlus(to), messageId: sendId }]
    const urlOf = ({ sendId }: CodeMessage) => receiptsUrl && receiptUrl(receiptsUrl, sendId, secret)
    return {
      // Infobip chooses the encoding: UCS-2 if a character is not in GSM-7.
      sms: (message) =>
        requestOf('/sms/3/messages', {
          sender: withoutPlus(from),
          destinations: destinations(message),
          content: { text: message.text },
          ...(receiptsUrl && {
            webhooks: { delivery: { url: urlOf(message) }, contentType: JSON_TYPE, callbackData: message.sendId },
          }),
        }),
      voice:
        caller &&
        ((message) =>
          requestOf('/tts/3/advanced', {
            from: withoutPlus(caller),
            destinations: destinations(message),
            // A comma is half a second of silence.
            text: message.speech.map((phrase) => `${phrase},,`).join(' '),
            language: languageOf(message.speechLocale),
            ...(receiptsUrl && {
              notifyUrl: urlOf(message),
              notifyContentType: JSON_TYPE,
              callbackData: message.sendId,
            }),
          })),
      whatsapp:
        whatsapp &&
        templateName &&
        ((message) =>
          requestOf('/whatsapp/1/message/template', {
            from: withoutPlus(whatsapp),
            to: withoutPlus(message.to),
            messageId: message.sendId,
            content: {
              templateName,
              templateData: {
                body: { placeholders: [message.code] },
                // Authentication templates need the code twice; this one is for the copy button.
                buttons: [{ type: 'URL', parameter: message.code }],
              },
              language: whatsappLocale(message),
            },
            ...(receiptsUrl && { callbackData: message.sendId, notifyUrl: urlOf(message) }),
          })),
    }
  },
  interpret,
  readReceipt: ({ INFOBIP_WEBHOOK_SECRET: secret }) => (secret ? readInfobipReceipt(secret) : undefined),
})
