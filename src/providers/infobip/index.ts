/**
 * Infobip: "Send SMS messages" (/sms/3/messages), "Send advanced voice message" (/tts/3/advanced) and "Send WhatsApp
 * template message" (/whatsapp/1/message/template), https://www.infobip.com/docs/api as read in November 2026. Codes:
 * "Message status codes".
 */
import { Type } from 'typebox'
import type { Channel, CodeMessage, SendResult } from '../../core/delivery/ports.ts'
import { type HttpAnswer, interpretFailure, isObject } from '../../http-client/client.ts'
import { defineProvider } from '../provider.ts'
import { addressReceipts, GROUP, nameOf, readInfobipReceipt } from './receipts.ts'

/** PREFIX_MISSING (no number of any network), DND, DESTINATION (opted out) and INVALID_DESTINATION. */
const NUMBER_STATUSES = new Set<unknown>([8, 10, 14, 52])

const DUPLICATE_MESSAGE_ID = 23

/** Languages whose region makes another voice; the others go by the language alone. */
const REGIONAL = new Set('de-at de-ch en-au en-gb en-in es-mx fr-ca fr-ch pt-br pt-pt zh-cn zh-tw'.split(' '))

const languageOf = (locale: string): string => {
  const tag = locale.toLowerCase()
  return REGIONAL.has(tag) ? tag : (tag.split('-')[0] ?? tag)
}

/** Numbers go without the plus. */
const bare = (number: string) => number.replace(/^\+/, '')

/** The members that a 400 complains about, in both forms of it. */
const complaints = ({ requestError, violations }: Record<string, unknown>): string[] => {
  const exception = isObject(requestError) ? requestError['serviceException'] : undefined
  const errors = isObject(exception) ? exception['validationErrors'] : undefined
  const listed = Array.isArray(violations) ? violations.filter(isObject).map(({ property }) => String(property)) : []
  return [...(isObject(errors) ? Object.keys(errors) : []), ...listed]
}

/** What a status that is no success says of a message; its texts quote the number and are left alone. */
const interpretError = (answer: HttpAnswer): SendResult => {
  const body = isObject(answer.json) ? answer.json : {}
  const exception = isObject(body['requestError']) ? body['requestError']['serviceException'] : undefined
  const code = nameOf(body['errorCode']) ?? nameOf(isObject(exception) && exception['messageId'])
  const reason = code ? `HTTP ${answer.status}, ${code}` : `HTTP ${answer.status}`
  const { outcome, ...rest } = interpretFailure(answer)
  if (outcome === 'refused' && complaints(body).some((member) => /\bto$/.test(member))) return { outcome, reason }
  // A 400 or 422 that does not blame the number blames the request: another company may take it.
  return { ...rest, outcome: outcome === 'unknown' ? 'unknown' : 'failed', reason }
}

/** The only message of an answer: all channels answer in this form. */
const interpret = (answer: HttpAnswer): SendResult => {
  if (answer.status < 200 || answer.status > 299) return interpretError(answer)
  const messages = isObject(answer.json) ? answer.json['messages'] : undefined
  const message: unknown = Array.isArray(messages) ? messages[0] : undefined
  const status = isObject(message) ? message['status'] : undefined
  if (!isObject(message) || !isObject(status)) {
    return isObject(answer.json) && isObject(answer.json['requestError'])
      ? interpretError(answer)
      : { outcome: 'unknown', reason: 'unreadable answer' }
  }
  const reason = nameOf(status['name']) ?? 'rejected'
  const { messageId } = message
  switch (status['groupId']) {
    case GROUP.OK:
    case GROUP.PENDING:
    case GROUP.DELIVERED:
      return {
        outcome: 'accepted',
        ...(typeof messageId === 'string' && messageId && { messageId: messageId.slice(0, 100) }),
      }
    case GROUP.UNDELIVERABLE:
      return { outcome: 'failed', reason }
    case GROUP.REJECTED:
      // It has had the message before; what became of it then it does not say.
      if (status['id'] === DUPLICATE_MESSAGE_ID) return { outcome: 'unknown', reason }
      return { outcome: NUMBER_STATUSES.has(status['id']) ? 'refused' : 'failed', reason }
    default:
      return { outcome: 'unknown', reason }
  }
}

const NUMBER = '^\\+?[1-9]\\d{1,14}$'

export const infobipProvider = defineProvider({
  name: 'infobip',
  real: true,
  document: { url: 'https://www.infobip.com/docs/api', version: 'sms/3, tts/3, whatsapp/1; read in November 2026' },
  channels: ['sms', 'voice', 'whatsapp'],
  receipts: 'not signed by Infobip; each comes to an address that holds our HMAC of the send id',
  idempotency: 'messageId: a repeat is answered with REJECTED_DUPLICATE_MESSAGE_ID',
  settings: Type.Object({
    INFOBIP_API_KEY: Type.String({
      pattern: '^[\\x21-\\x7e]+$',
      description: 'API key of your Infobip account, allowed to send by each channel you use.',
      examples: ['the key shown under Developer Tools'],
      secret: true,
    }),
    INFOBIP_FROM: Type.String({
      pattern: '^(\\+?[1-9]\\d{1,14}|[A-Za-z0-9 ._-]{1,11})$',
      description: 'Who the messages come from: a number of yours or an alphanumeric sender.',
      examples: ['Example', '+385955550001'],
    }),
    INFOBIP_WEBHOOK_SECRET: Type.Optional(
      Type.String({
        minLength: 32,
        description:
          'What receipts are told from forgeries with: 32 characters or more, random. Without it none are asked for.',
        examples: ['the output of: openssl rand -base64 33'],
        secret: true,
      }),
    ),
    INFOBIP_VOICE_FROM: Type.Optional(
      Type.String({
        pattern: NUMBER,
        description: 'The number that calls come from; it makes the voice channel.',
        examples: ['+385955550001'],
      }),
    ),
    INFOBIP_WHATSAPP_FROM: Type.Optional(
      Type.String({ pattern: NUMBER, description: 'Your WhatsApp sender.', examples: ['+385955550001'] }),
    ),
    INFOBIP_WHATSAPP_TEMPLATE: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9_]+$',
        description: 'The approved authentication template; with INFOBIP_WHATSAPP_FROM it makes the WhatsApp channel.',
        examples: ['login_code'],
      }),
    ),
    INFOBIP_URL: Type.String({
      default: 'https://api.infobip.com',
      pattern: '^https?://[^\\s/]+',
      description: "Base address of Infobip's API. Every account has its own: set it.",
      examples: ['https://xxxxx.api.infobip.com'],
    }),
  }),
  create: (settings, { exchange, receiptsUrl }) => {
    const base = settings.INFOBIP_URL.replace(/\/$/, '')
    const {
      INFOBIP_WEBHOOK_SECRET: secret,
      INFOBIP_VOICE_FROM: caller,
      INFOBIP_WHATSAPP_FROM: whatsapp,
      INFOBIP_WHATSAPP_TEMPLATE: template,
    } = settings
    const receiptsOf = ({ sendId }: CodeMessage) =>
      secret && receiptsUrl ? addressReceipts(receiptsUrl, secret, sendId) : undefined

    const requests: Partial<Record<Channel, (message: CodeMessage) => { path: string; message: object }>> = {
      // The encoding is chosen by Infobip: UCS-2 as soon as a character is not of GSM-7.
      sms: (message) => {
        const url = receiptsOf(message)
        return {
          path: '/sms/3/messages',
          message: {
            sender: bare(settings.INFOBIP_FROM),
            destinations: [{ to: bare(message.to), messageId: message.sendId }],
            content: { text: message.text },
            webhooks: url && { delivery: { url }, contentType: 'application/json', callbackData: message.sendId },
          },
        }
      },
      ...(caller && {
        voice: (message: CodeMessage) => {
          const url = receiptsOf(message)
          return {
            path: '/tts/3/advanced',
            message: {
              from: bare(caller),
              destinations: [{ to: bare(message.to), messageId: message.sendId }],
              // Each comma is half a second of silence.
              text: message.speech.map((phrase) => `${phrase},,`).join(' '),
              language: languageOf(message.speechLocale),
              ...(url && { notifyUrl: url, notifyContentType: 'application/json', callbackData: message.sendId }),
            },
          }
        },
      }),
      ...(whatsapp &&
        template && {
          whatsapp: (message: CodeMessage) => {
            const url = receiptsOf(message)
            return {
              path: '/whatsapp/1/message/template',
              message: {
                from: bare(whatsapp),
                to: bare(message.to),
                messageId: message.sendId,
                content: {
                  templateName: template,
                  templateData: {
                    body: { placeholders: [message.code] },
                    // Authentication templates want the code twice: this is for the button that copies it.
                    buttons: [{ type: 'URL', parameter: message.code }],
                  },
                  language: message.locale.replace('-', '_'),
                },
                ...(url && { callbackData: message.sendId, notifyUrl: url }),
              },
            }
          },
        }),
    }

    return {
      name: 'infobip',
      channels: Object.keys(requests) as Channel[],
      send: async (message, signal) => {
        const request = requests[message.channel]?.(message)
        if (!request) return { outcome: 'failed', reason: 'no such channel' }
        return exchange(
          {
            url: base + request.path,
            headers: { authorization: `App ${settings.INFOBIP_API_KEY}` },
            json: { messages: [request.message] },
            signal,
          },
          interpret,
        )
      },
      ...(secret && { readReceipt: readInfobipReceipt(secret) }),
    }
  },
})
