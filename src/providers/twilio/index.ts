/**
 * Twilio, API 2010-04-01, as https://www.twilio.com/docs described it in November 2026: "Messages resource", "Call
 * resource", "TwiML Voice: <Say>" and the content type whatsapp/authentication. Codes: "Error and Warning Dictionary".
 */
import { Type } from 'typebox'
import type { Channel, CodeMessage, SendResult } from '../../core/delivery/ports.ts'
import { type HttpAnswer, interpretFailure, isObject } from '../../http-client/client.ts'
import { escapeXml } from '../escape-xml.ts'
import { defineProvider } from '../provider.ts'
import { codeOf, readTwilioReceipt } from './receipts.ts'

/**
 * Codes that blame the number: no valid number (21211 for messages, 21217 for calls), a short code, opted out, no
 * mobile number, a landline, unknown to its network, a landline again, and no user of WhatsApp (two of them).
 */
const NUMBER_CODES = new Set('21211 21217 21265 21610 21614 21635 30005 30006 63003 63024'.split(' '))

/** What a message or a call that was made in vain says of itself. */
const IN_VAIN = new Set<unknown>(['failed', 'undelivered', 'canceled'])

/** Of status and code alone, for Twilio's texts quote the number. */
const interpret = (answer: HttpAnswer): SendResult => {
  const body = isObject(answer.json) ? answer.json : {}
  const code = codeOf(body['error_code'] ?? body['code'])
  if (answer.status >= 200 && answer.status <= 299 && !code && !IN_VAIN.has(body['status'])) {
    const { sid } = body
    return typeof sid === 'string' && sid.length > 0
      ? { outcome: 'accepted', messageId: sid.slice(0, 100) }
      : { outcome: 'unknown', reason: 'unreadable answer' }
  }
  const reason = code ? `HTTP ${answer.status}, code ${code}` : `HTTP ${answer.status}`
  if (code && NUMBER_CODES.has(code)) return { outcome: 'refused', reason }
  const { outcome, ...rest } = interpretFailure(answer)
  // A 400 that does not blame the number blames the request or the account: another company may take it.
  return { ...rest, outcome: outcome === 'unknown' ? 'unknown' : 'failed', reason }
}

/** Which voice speaks a language is the account's choice. */
const twimlOf = ({ speech, speechLocale }: CodeMessage): string => {
  const phrases = speech.map(
    (phrase) => `<Say language="${escapeXml(speechLocale)}">${escapeXml(phrase)}</Say><Pause length="1"/>`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?><Response>${phrases.join('')}</Response>`
}

type Form = (readonly [name: string, value: string])[]

const NUMBER = '^\\+[1-9]\\d{1,14}$'

export const twilioProvider = defineProvider({
  name: 'twilio',
  real: true,
  document: { url: 'https://www.twilio.com/docs/messaging/api/message-resource', version: '2010-04-01, November 2026' },
  channels: ['sms', 'voice', 'whatsapp'],
  receipts: 'HMAC-SHA1 over the address and all parameters, by the auth token; no time is signed',
  settings: Type.Object({
    TWILIO_ACCOUNT_SID: Type.String({
      pattern: '^AC[0-9A-Za-z]{32}$',
      description: 'The SID of your Twilio account.',
      examples: ['ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX'],
    }),
    TWILIO_AUTH_TOKEN: Type.String({
      pattern: '^[\\x21-\\x7e]+$',
      description: 'The primary auth token of that account; receipts are signed with it too.',
      examples: ['the token shown in the console'],
      secret: true,
    }),
    TWILIO_FROM: Type.String({
      pattern: '^(\\+[1-9]\\d{1,14}|MG[0-9A-Za-z]{32})$',
      description: 'Who the messages come from: a number of yours, or a messaging service (its SID).',
      examples: ['+15017122661', 'MGXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX'],
    }),
    TWILIO_VOICE_FROM: Type.Optional(
      Type.String({
        pattern: NUMBER,
        description: 'The number that calls come from; it makes the voice channel.',
        examples: ['+15017122661'],
      }),
    ),
    TWILIO_WHATSAPP_FROM: Type.Optional(
      Type.String({ pattern: NUMBER, description: 'Your WhatsApp sender.', examples: ['+14155238886'] }),
    ),
    TWILIO_WHATSAPP_TEMPLATE: Type.Optional(
      Type.String({
        pattern: '^HX[0-9A-Za-z]{32}$',
        description:
          'The SID of the approved whatsapp/authentication template, in the one language it has; with TWILIO_WHATSAPP_FROM it makes the WhatsApp channel.',
        examples: ['HXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX'],
      }),
    ),
    TWILIO_URL: Type.String({
      default: 'https://api.twilio.com',
      pattern: '^https?://[^\\s/]+',
      description: "Base address of Twilio's API; other regions have their own.",
      examples: ['https://api.twilio.com', 'https://api.dublin.ie1.twilio.com'],
    }),
  }),
  // "Fetch an Account resource".
  probe: ({ TWILIO_URL, TWILIO_ACCOUNT_SID: account, TWILIO_AUTH_TOKEN: token }) => ({
    url: `${TWILIO_URL.replace(/\/$/, '')}/2010-04-01/Accounts/${account}.json`,
    headers: { authorization: `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}` },
  }),
  create: (settings, { exchange, receiptsUrl }) => {
    const {
      TWILIO_ACCOUNT_SID: account,
      TWILIO_AUTH_TOKEN: token,
      TWILIO_FROM: from,
      TWILIO_VOICE_FROM: caller,
      TWILIO_WHATSAPP_FROM: whatsapp,
      TWILIO_WHATSAPP_TEMPLATE: template,
    } = settings
    const base = `${settings.TWILIO_URL.replace(/\/$/, '')}/2010-04-01/Accounts/${account}`
    const authorization = `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}`
    const receiptsOf = ({ sendId }: CodeMessage): Form =>
      receiptsUrl ? [['StatusCallback', `${receiptsUrl}?send_id=${sendId}`]] : []

    const requests: Partial<Record<Channel, (message: CodeMessage) => { path: string; form: Form }>> = {
      // The encoding is chosen by Twilio: UCS-2 as soon as a character is not of GSM-7.
      sms: (message) => ({
        path: '/Messages.json',
        form: [
          ['To', message.to],
          [from.startsWith('MG') ? 'MessagingServiceSid' : 'From', from],
          ['Body', message.text],
          ...receiptsOf(message),
        ],
      }),
      ...(caller && {
        voice: (message: CodeMessage) => ({
          path: '/Calls.json',
          form: [['To', message.to], ['From', caller], ['Twiml', twimlOf(message)], ...receiptsOf(message)],
        }),
      }),
      ...(whatsapp &&
        template && {
          whatsapp: (message: CodeMessage) => ({
            path: '/Messages.json',
            form: [
              ['To', `whatsapp:${message.to}`],
              ['From', `whatsapp:${whatsapp}`],
              ['ContentSid', template],
              ['ContentVariables', JSON.stringify({ 1: message.code })],
              ...receiptsOf(message),
            ],
          }),
        }),
    }

    return {
      name: 'twilio',
      channels: Object.keys(requests) as Channel[],
      send: async (message, signal) => {
        const request = requests[message.channel]?.(message)
        if (!request) return { outcome: 'failed', reason: 'no such channel' }
        return exchange({ url: base + request.path, headers: { authorization }, form: request.form, signal }, interpret)
      },
      readReceipt: readTwilioReceipt(token),
    }
  },
})
