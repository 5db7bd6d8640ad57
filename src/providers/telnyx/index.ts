/**
 * Telnyx, API v2, https://developers.telnyx.com/api-reference as read in November 2026: "Send a message",
 * "Create a connection-scoped TeXML call" and "Send WhatsApp Messages". Codes: "Messaging Error Code Reference".
 */
import { Type } from 'typebox'
import type { Channel, CodeMessage, SendResult } from '../../core/delivery/ports.ts'
import { type HttpAnswer, interpretFailure, isObject } from '../../http-client/client.ts'
import { escapeXml } from '../escape-xml.ts'
import { defineProvider } from '../provider.ts'
import { codeOf, parsePublicKey, readTelnyxReceipt } from './receipts.ts'

/** Codes that blame the number whatever they point at: landline, not in service, STOP, no address, no WhatsApp user. */
const NUMBER_CODES = new Set(['40001', '40012', '40300', '40310', '131026'])

/** Codes that blame a number, ours or theirs: the pointer says which. */
const EITHER_NUMBER_CODES = new Set(['10001', '10002', '10016'])

const listOf = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isObject) : [])

const blamesNumber = ({ code, source }: Record<string, unknown>): boolean => {
  if (NUMBER_CODES.has(String(code))) return true
  const pointer = isObject(source) ? (source['pointer'] ?? source['parameter']) : undefined
  return EITHER_NUMBER_CODES.has(String(code)) && typeof pointer === 'string' && /^\/?to\b/i.test(pointer)
}

/** What Telnyx's errors say of a message; of status and code alone, for their details quote the number. */
const interpretErrors = (answer: HttpAnswer, errors: Record<string, unknown>[]): SendResult => {
  const blamed = errors.find(blamesNumber)
  const code = codeOf((blamed ?? errors[0])?.['code'])
  const reason = code ? `HTTP ${answer.status}, code ${code}` : `HTTP ${answer.status}`
  if (blamed) return { outcome: 'refused', reason }
  const { outcome, ...rest } = interpretFailure(answer)
  // A 400 or 422 that does not blame the number blames the request: another company may take it.
  return { ...rest, outcome: outcome === 'unknown' ? 'unknown' : 'failed', reason }
}

const interpret = (answer: HttpAnswer): SendResult => {
  const { status, json } = answer
  const body = isObject(json) ? json : {}
  // A call's answer has no `data` around it.
  const data = isObject(body['data']) ? body['data'] : body
  const errors = [...listOf(body['errors']), ...listOf(data['errors'])]
  if (errors.length > 0 || status < 200 || status > 299) return interpretErrors(answer, errors)

  const [addressee] = listOf(data['to'])
  const fate = codeOf(addressee?.['status'])
  if (fate === 'sending_failed' || fate === 'delivery_failed') return { outcome: 'failed', reason: fate }
  const id = data['id'] ?? data['call_sid']
  if (typeof id === 'string' && id.length > 0) return { outcome: 'accepted', messageId: id.slice(0, 100) }
  return data['status'] === 'queued' ? { outcome: 'accepted' } : { outcome: 'unknown', reason: 'unreadable answer' }
}

/** `alice` is the one voice that speaks the language it is told. */
const texmlOf = ({ speech, speechLocale }: CodeMessage): string => {
  const phrases = speech.map(
    (phrase) =>
      `<Say voice="alice" language="${escapeXml(speechLocale)}">${escapeXml(phrase)}</Say><Pause length="1"/>`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?><Response>${phrases.join('')}</Response>`
}

const templateOf = ({ code, locale }: CodeMessage, name: string) => {
  const parameters = [{ type: 'text', text: code }]
  return {
    type: 'template',
    template: {
      name,
      language: { code: locale.replace('-', '_') },
      // Authentication templates want the code twice: in the text, and for the button that copies it.
      components: [
        { type: 'body', parameters },
        { type: 'button', sub_type: 'url', index: 0, parameters },
      ],
    },
  }
}

const NUMBER = '^\\+[1-9]\\d{1,14}$'

export const telnyxProvider = defineProvider({
  name: 'telnyx',
  real: true,
  document: { url: 'https://developers.telnyx.com/api-reference', version: 'API v2, read in November 2026' },
  channels: ['sms', 'voice', 'whatsapp'],
  receipts: "Ed25519 over the time and the raw body, by the account's key; 300 s",
  settings: Type.Object({
    TELNYX_API_KEY: Type.String({
      pattern: '^[\\x21-\\x7e]+$',
      description: 'API v2 key of your Telnyx account.',
      examples: ['the key shown under API Keys in the portal'],
      secret: true,
    }),
    TELNYX_FROM: Type.String({
      pattern: '^(\\+?[1-9]\\d{1,14}|[A-Za-z0-9 ]{1,11})$',
      description: 'Who the messages come from: a number of yours, a short code or an alphanumeric sender.',
      examples: ['+13125550001', 'Example'],
    }),
    TELNYX_MESSAGING_PROFILE_ID: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9-]+$',
        description: 'The messaging profile to send by; an alphanumeric sender needs one.',
        examples: ['00000000-0000-4000-8000-000000000000'],
      }),
    ),
    TELNYX_PUBLIC_KEY: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9+/]{43}=$',
        description: 'The public key that Telnyx signs receipts with; none are asked for without it.',
        examples: ['11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='],
      }),
    ),
    TELNYX_VOICE_FROM: Type.Optional(
      Type.String({ pattern: NUMBER, description: 'The number that calls come from.', examples: ['+13125550001'] }),
    ),
    TELNYX_TEXML_APP_ID: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9-]+$',
        description: 'The TeXML application that calls are made by; with TELNYX_VOICE_FROM it makes the voice channel.',
        examples: ['1234567890123456789'],
      }),
    ),
    TELNYX_WHATSAPP_FROM: Type.Optional(
      Type.String({ pattern: NUMBER, description: 'Your WhatsApp number.', examples: ['+13125550001'] }),
    ),
    TELNYX_WHATSAPP_TEMPLATE: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9_]+$',
        description: 'The approved authentication template; with TELNYX_WHATSAPP_FROM it makes the WhatsApp channel.',
        examples: ['login_code'],
      }),
    ),
    TELNYX_URL: Type.String({
      default: 'https://api.telnyx.com',
      pattern: '^https?://[^\\s/]+',
      description: "Base address of Telnyx's API.",
      examples: ['https://api.telnyx.com'],
    }),
  }),
  // "Get user balance details".
  probe: ({ TELNYX_URL, TELNYX_API_KEY: key }) => ({
    url: `${TELNYX_URL.replace(/\/$/, '')}/v2/balance`,
    headers: { authorization: `Bearer ${key}` },
  }),
  create: (settings, { exchange, receiptsUrl }) => {
    const base = settings.TELNYX_URL.replace(/\/$/, '')
    const key = settings.TELNYX_PUBLIC_KEY ? parsePublicKey(settings.TELNYX_PUBLIC_KEY) : undefined
    const receiptsOf = ({ sendId }: CodeMessage) =>
      key && receiptsUrl ? `${receiptsUrl}?send_id=${sendId}` : undefined
    const {
      TELNYX_FROM: from,
      TELNYX_MESSAGING_PROFILE_ID: profile,
      TELNYX_VOICE_FROM: caller,
      TELNYX_TEXML_APP_ID: application,
      TELNYX_WHATSAPP_FROM: whatsapp,
      TELNYX_WHATSAPP_TEMPLATE: template,
    } = settings

    const requests: Partial<Record<Channel, (message: CodeMessage) => { path: string; json: unknown }>> = {
      // The encoding is chosen by Telnyx: UCS-2 as soon as a character is not of GSM-7.
      sms: (message) => ({
        path: '/v2/messages',
        json: {
          from,
          to: message.to,
          text: message.text,
          messaging_profile_id: profile,
          webhook_url: receiptsOf(message),
        },
      }),
      ...(caller &&
        application && {
          voice: (message: CodeMessage) => {
            const url = receiptsOf(message)
            return {
              path: `/v2/texml/calls/${application}`,
              json: {
                From: caller,
                To: message.to,
                Texml: texmlOf(message),
                ...(url && { StatusCallback: url, StatusCallbackMethod: 'POST' }),
              },
            }
          },
        }),
      ...(whatsapp &&
        template && {
          whatsapp: (message: CodeMessage) => ({
            path: '/v2/messages/whatsapp',
            json: {
              from: whatsapp,
              to: message.to,
              whatsapp_message: templateOf(message, template),
              webhook_url: receiptsOf(message),
            },
          }),
        }),
    }

    return {
      name: 'telnyx',
      channels: Object.keys(requests) as Channel[],
      send: async (message, signal) => {
        const request = requests[message.channel]?.(message)
        if (!request) return { outcome: 'failed', reason: 'no such channel' }
        return exchange(
          {
            url: base + request.path,
            headers: { authorization: `Bearer ${settings.TELNYX_API_KEY}` },
            json: request.json,
            signal,
          },
          interpret,
        )
      },
      ...(key && { readReceipt: readTelnyxReceipt(key) }),
    }
  },
})
