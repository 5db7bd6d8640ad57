/**
 * Plivo, Message API v1, as https://www.plivo.com/docs/messaging/api/messages described it in November 2026: "Send a
 * Message", for text and for WhatsApp templates.
 *
 * There is no voice: a call at Plivo fetches what it is to say from an address of ours, and this server has none.
 */
import { Type } from 'typebox'
import type { Channel, CodeMessage, SendResult } from '../../core/delivery/ports.ts'
import { type HttpAnswer, interpretFailure, isObject } from '../../http-client/client.ts'
import { defineProvider } from '../provider.ts'
import { addressReceipts, readPlivoReceipt } from './receipts.ts'

/** Numbers go without the plus. */
const bare = (number: string) => number.replace(/^\+/, '')

/**
 * Whether an error blames the number. Plivo has no code for it, only words: they quote the number at fault, which may
 * be the sender, unless all numbers of the message are.
 */
const blamesNumber = (error: unknown, to: string): boolean =>
  typeof error === 'string' &&
  (/^invalid phone numbers?\.?$/i.test(error) || (/not a valid phone number/i.test(error) && error.includes(bare(to))))

/** The name of an error where it is one (`not_found`), and no sentence. */
const nameOf = (error: unknown): string | undefined =>
  typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? error : undefined

const interpretError = (answer: HttpAnswer, body: Record<string, unknown>, to: string): SendResult => {
  const { error } = body
  if (blamesNumber(error, to)) return { outcome: 'refused', reason: `HTTP ${answer.status}, invalid number` }
  const name = nameOf(error)
  const reason = name ? `HTTP ${answer.status}, ${name}` : `HTTP ${answer.status}`
  const { outcome, ...rest } = interpretFailure(answer)
  // A 400 that does not blame the number blames the request: another company may take it.
  return { ...rest, outcome: outcome === 'unknown' ? 'unknown' : 'failed', reason }
}

const isListed = (list: unknown): list is unknown[] => Array.isArray(list) && list.length > 0

const interpretFor =
  (to: string) =>
  (answer: HttpAnswer): SendResult => {
    const body = isObject(answer.json) ? answer.json : {}
    if (answer.status < 200 || answer.status > 299 || body['error']) return interpretError(answer, body, to)
    const ids: unknown = body['message_uuid']
    const id: unknown = Array.isArray(ids) ? ids[0] : ids
    if (typeof id === 'string' && id.length > 0) return { outcome: 'accepted', messageId: id.slice(0, 100) }
    // There was one number, and it was left out.
    if (isListed(body['invalid_number'])) {
      return { outcome: 'refused', reason: `HTTP ${answer.status}, invalid number` }
    }
    return { outcome: 'unknown', reason: 'unreadable answer' }
  }

const templateOf = ({ code, locale }: CodeMessage, name: string) => {
  const parameters = [{ type: 'text', text: code }]
  return {
    name,
    language: locale.replace('-', '_'),
    // Authentication templates want the code twice: in the text, and for the button that copies it.
    components: [
      { type: 'body', parameters },
      { type: 'button', sub_type: 'url', index: '0', parameters },
    ],
  }
}

export const plivoProvider = defineProvider({
  name: 'plivo',
  real: true,
  document: { url: 'https://www.plivo.com/docs/messaging/api/messages', version: 'v1, November 2026' },
  channels: ['sms', 'whatsapp'],
  receipts: 'HMAC-SHA256 by the auth token: V3, or V2 and our HMAC of the send id; no time is signed',
  settings: Type.Object({
    PLIVO_AUTH_ID: Type.String({
      pattern: '^[A-Za-z0-9]+$',
      description: 'The auth ID of your Plivo account or subaccount.',
      examples: ['MAXXXXXXXXXXXXXXXXXX'],
    }),
    PLIVO_AUTH_TOKEN: Type.String({
      pattern: '^[\\x21-\\x7e]+$',
      description: 'The auth token that belongs to it; receipts are signed with it too.',
      examples: ['the token shown in the console'],
      secret: true,
    }),
    PLIVO_FROM: Type.String({
      pattern: '^(\\+?[1-9]\\d{1,14}|[A-Za-z0-9]{1,11})$',
      description: 'Who the messages come from: a number of yours, a short code or an alphanumeric sender.',
      examples: ['+14156667777', 'Example'],
    }),
    PLIVO_WHATSAPP_FROM: Type.Optional(
      Type.String({
        pattern: '^\\+?[1-9]\\d{1,14}$',
        description: 'Your WhatsApp number.',
        examples: ['+14156667777'],
      }),
    ),
    PLIVO_WHATSAPP_TEMPLATE: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9_]+$',
        description: 'The approved authentication template; with PLIVO_WHATSAPP_FROM it makes the WhatsApp channel.',
        examples: ['login_code'],
      }),
    ),
    PLIVO_URL: Type.String({
      default: 'https://api.plivo.com',
      pattern: '^https?://[^\\s/]+',
      description: "Base address of Plivo's API.",
      examples: ['https://api.plivo.com'],
    }),
  }),
  // "Retrieve account details".
  probe: ({ PLIVO_URL, PLIVO_AUTH_ID: account, PLIVO_AUTH_TOKEN: token }) => ({
    url: `${PLIVO_URL.replace(/\/$/, '')}/v1/Account/${account}/`,
    headers: { authorization: `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}` },
  }),
  create: (settings, { exchange, receiptsUrl }) => {
    const {
      PLIVO_AUTH_ID: account,
      PLIVO_AUTH_TOKEN: token,
      PLIVO_FROM: from,
      PLIVO_WHATSAPP_FROM: whatsapp,
      PLIVO_WHATSAPP_TEMPLATE: template,
    } = settings
    const url = `${settings.PLIVO_URL.replace(/\/$/, '')}/v1/Account/${account}/Message/`
    const authorization = `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}`

    const bodies: Partial<Record<Channel, (message: CodeMessage) => object>> = {
      // The encoding is chosen by Plivo: UCS-2 as soon as a character is not of GSM-7.
      sms: ({ to, text }) => ({ src: bare(from), dst: bare(to), text, type: 'sms' }),
      ...(whatsapp &&
        template && {
          whatsapp: (message: CodeMessage) => ({
            src: bare(whatsapp),
            dst: bare(message.to),
            type: 'whatsapp',
            template: templateOf(message, template),
          }),
        }),
    }

    return {
      name: 'plivo',
      channels: Object.keys(bodies) as Channel[],
      send: async (message, signal) => {
        const body = bodies[message.channel]?.(message)
        if (!body) return { outcome: 'failed', reason: 'no such channel' }
        const receipts = receiptsUrl && {
          url: addressReceipts(receiptsUrl, token, message.sendId),
          method: 'POST',
        }
        return exchange(
          { url, headers: { authorization }, json: { ...body, ...receipts }, signal },
          interpretFor(message.to),
        )
      },
      readReceipt: readPlivoReceipt(token),
    }
  },
})
