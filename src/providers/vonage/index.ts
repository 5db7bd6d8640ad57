/**
 * Vonage: Messages API v1 (OpenAPI 1.20.0) for text and WhatsApp, Voice API v1 (OpenAPI 1.10.0) for calls, as
 * https://developer.vonage.com/en/api described them in November 2026. Codes: "API Errors", Messages API.
 */
import { Type } from 'typebox'
import type { Channel, CodeMessage, SendResult } from '../../core/delivery/ports.ts'
import { type HttpAnswer, interpretFailure, isObject } from '../../http-client/client.ts'
import { escapeXml } from '../escape-xml.ts'
import { defineProvider } from '../provider.ts'
import { codeOf, readVonageReceipt } from './receipts.ts'
import { createTokenSigner } from './token.ts'

/**
 * Codes that blame the number: barred, invalid, gone for good, opted out (STOP), no user of the channel, invalid for
 * the channel.
 */
const NUMBER_CODES = new Set(['1050', '1170', '1190', '1240', '1300', '1430'])

/** Numbers go without the plus. */
const bare = (number: string) => number.replace(/^\+/, '')

/** Whether a problem blames the number: by its code, by its title, or by the members that it complains about. */
const blamesNumber = (problem: Record<string, unknown>): boolean => {
  const { title, invalid_parameters: complaints } = problem
  // The example of this problem in the OpenAPI document has a code that the list does not know.
  if (NUMBER_CODES.has(codeOf(problem) ?? '') || title === 'Invalid recipient') return true
  return (
    Array.isArray(complaints) &&
    complaints.filter(isObject).some(({ name }) => typeof name === 'string' && /^to\b/.test(name))
  )
}

/** What Vonage's problem says of a message; of status and code alone, for its detail may quote the number. */
const interpretProblem = (answer: HttpAnswer, problem: Record<string, unknown>): SendResult => {
  const code = codeOf(problem)
  const reason = code ? `HTTP ${answer.status}, ${code}` : `HTTP ${answer.status}`
  const { outcome, ...rest } = interpretFailure(answer)
  if (outcome === 'unknown') return { outcome, reason }
  // A 400 or 422 that does not blame the number blames the request: another company may take it.
  return blamesNumber(problem) ? { outcome: 'refused', reason } : { ...rest, outcome: 'failed', reason }
}

const interpret = (answer: HttpAnswer): SendResult => {
  const body = isObject(answer.json) ? answer.json : {}
  if (answer.status < 200 || answer.status > 299) return interpretProblem(answer, body)
  if (isObject(body['error'])) return interpretProblem(answer, body['error'])
  const id = body['message_uuid'] ?? body['uuid']
  if (typeof id === 'string' && id.length > 0) return { outcome: 'accepted', messageId: id.slice(0, 100) }
  return codeOf(body) === undefined
    ? { outcome: 'unknown', reason: 'unreadable answer' }
    : interpretProblem(answer, body)
}

const ssmlOf = ({ speech }: CodeMessage): string =>
  `<speak>${speech.map((phrase) => `${escapeXml(phrase)}<break time='1s'/>`).join('')}</speak>`

const templateOf = ({ code, locale }: CodeMessage, template: string) => {
  const [name, namespace] = template.split(':').reverse()
  const parameters = [{ type: 'text', text: code }]
  return {
    type: 'template',
    template: {
      namespace,
      name,
      language: { policy: 'deterministic', code: locale.replace('-', '_') },
      // Authentication templates want the code twice: in the text, and for the button that copies it.
      components: [
        { type: 'body', parameters },
        { type: 'button', sub_type: 'url', index: '0', parameters },
      ],
    },
  }
}

/** The two APIs want credentials of their own each. */
interface AuthorizedRequest {
  path: string
  authorization: string
  json: object
}

const NUMBER = '^\\+?[1-9]\\d{6,14}$'

export const vonageProvider = defineProvider({
  name: 'vonage',
  real: true,
  document: {
    url: 'https://developer.vonage.com/en/api/messages',
    version: 'Messages API 1.20.0, Voice API 1.10.0; read in November 2026',
  },
  channels: ['sms', 'voice', 'whatsapp'],
  receipts: 'JWT (HS256) with the time and the hash of the body, by the signature secret; 300 s',
  settings: Type.Object({
    VONAGE_API_KEY: Type.String({
      secret: true,
      pattern: '^[A-Za-z0-9]+$',
      description: 'API key of your Vonage account.',
      examples: ['the key shown in the API settings of the dashboard'],
    }),
    VONAGE_API_SECRET: Type.String({
      pattern: '^[\\x21-\\x7e]+$',
      description: 'API secret that belongs to the key.',
      examples: ['the secret shown in the API settings of the dashboard'],
      secret: true,
    }),
    VONAGE_FROM: Type.String({
      pattern: '^(\\+?[1-9]\\d{1,14}|[A-Za-z0-9 ]{1,11})$',
      description: 'Who the messages come from: a number of yours, a short code or an alphanumeric sender.',
      examples: ['Example', '+447700900001'],
    }),
    VONAGE_SIGNATURE_SECRET: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'What Vonage signs receipts with; none are asked for without it.',
        examples: ['the signature secret shown in the API settings of the dashboard'],
        secret: true,
      }),
    ),
    VONAGE_APPLICATION_ID: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9-]+$',
        description:
          'The application that calls are made by; with its key and VONAGE_VOICE_FROM it makes the voice channel.',
        examples: ['00000000-0000-4000-8000-000000000000'],
      }),
    ),
    VONAGE_PRIVATE_KEY: Type.Optional(
      Type.String({
        pattern: '^-----BEGIN (RSA )?PRIVATE KEY-----',
        description: 'The private key of that application, PEM; line ends may be written as \\n.',
        examples: ['the content of the private.key that the dashboard offers'],
        secret: true,
      }),
    ),
    VONAGE_VOICE_FROM: Type.Optional(
      Type.String({ pattern: NUMBER, description: 'The number that calls come from.', examples: ['+447700900001'] }),
    ),
    VONAGE_WHATSAPP_FROM: Type.Optional(
      Type.String({ pattern: NUMBER, description: 'Your WhatsApp number.', examples: ['+447700900001'] }),
    ),
    VONAGE_WHATSAPP_TEMPLATE: Type.Optional(
      Type.String({
        pattern: '^([A-Za-z0-9_-]+:)?[a-z0-9_]+$',
        description:
          'The approved authentication template, after its namespace where it has one; with VONAGE_WHATSAPP_FROM it ' +
          'makes the WhatsApp channel.',
        examples: ['login_code', 'namespace:login_code'],
      }),
    ),
    VONAGE_URL: Type.String({
      default: 'https://api.nexmo.com',
      pattern: '^https?://[^\\s/]+',
      description: "Base address of Vonage's API.",
      examples: ['https://api.nexmo.com', 'https://api-eu.nexmo.com'],
    }),
  }),
  // Account API, "Retrieve API Secrets": their ids and dates, never themselves.
  probe: ({ VONAGE_URL, VONAGE_API_KEY: key, VONAGE_API_SECRET: secret }) => ({
    url: `${VONAGE_URL.replace(/\/$/, '')}/accounts/${key}/secrets`,
    headers: { authorization: `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}` },
  }),
  create: (settings, { exchange, receiptsUrl }) => {
    const base = settings.VONAGE_URL.replace(/\/$/, '')
    const {
      VONAGE_SIGNATURE_SECRET: secret,
      VONAGE_APPLICATION_ID: application,
      VONAGE_PRIVATE_KEY: pem,
      VONAGE_VOICE_FROM: caller,
      VONAGE_WHATSAPP_FROM: whatsapp,
      VONAGE_WHATSAPP_TEMPLATE: template,
    } = settings
    const receipts = secret ? receiptsUrl : undefined
    const basic = `Basic ${Buffer.from(`${settings.VONAGE_API_KEY}:${settings.VONAGE_API_SECRET}`).toString('base64')}`
    const signToken = application && pem && caller ? createTokenSigner(application, pem) : undefined

    const messageOf = (
      { to, sendId }: CodeMessage,
      channel: Channel,
      from: string,
      content: object,
    ): AuthorizedRequest => ({
      path: '/v1/messages',
      authorization: basic,
      json: {
        to: bare(to),
        from: bare(from),
        channel,
        ...content,
        client_ref: sendId,
        ...(receipts && { webhook_url: receipts, webhook_version: 'v1' }),
      },
    })

    const requests: Partial<Record<Channel, (message: CodeMessage) => AuthorizedRequest>> = {
      // The encoding is chosen by Vonage: Unicode as soon as a character wants it.
      sms: (message) => messageOf(message, 'sms', settings.VONAGE_FROM, { message_type: 'text', text: message.text }),
      ...(signToken &&
        caller && {
          voice: (message: CodeMessage) => ({
            path: '/v1/calls',
            authorization: `Bearer ${signToken()}`,
            json: {
              to: [{ type: 'phone', number: bare(message.to) }],
              from: { type: 'phone', number: bare(caller) },
              ncco: [{ action: 'talk', text: ssmlOf(message), language: message.speechLocale }],
              ...(receipts && { event_url: [`${receipts}?send_id=${message.sendId}`], event_method: 'POST' }),
            },
          }),
        }),
      ...(whatsapp &&
        template && {
          whatsapp: (message: CodeMessage) =>
            messageOf(message, 'whatsapp', whatsapp, { message_type: 'custom', custom: templateOf(message, template) }),
        }),
    }

    return {
      name: 'vonage',
      channels: Object.keys(requests) as Channel[],
      send: async (message, signal) => {
        const request = requests[message.channel]?.(message)
        if (!request) return { outcome: 'failed', reason: 'no such channel' }
        const { path, authorization, json } = request
        return exchange({ url: base + path, headers: { authorization }, json, signal }, interpret)
      },
      ...(secret && { readReceipt: readVonageReceipt(secret) }),
    }
  },
})
