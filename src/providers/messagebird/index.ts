/**
 * MessageBird (now Bird), the REST API at rest.messagebird.com: "SMS API" (/messages) and "Voice Messaging API"
 * (/voicemessages), https://developers.messagebird.com/api as read in November 2026. Codes: "API errors".
 *
 * WhatsApp is in another API (conversations.messagebird.com), and not here.
 */
import { Type } from 'typebox'
import type { Channel, CodeMessage, SendResult } from '../../core/delivery/ports.ts'
import { type HttpAnswer, interpretFailure, isObject } from '../../http-client/client.ts'
import { defineProvider } from '../provider.ts'
import { codeOf, readMessagebirdReceipt } from './receipts.ts'

/** Codes that blame a parameter: missing, invalid and badly formed. Which one, the error says. */
const PARAMETER_CODES = new Set<unknown>([9, 10, 21])

/** What has become of a message that goes no further. */
const FAILURES = new Set<unknown>(['delivery_failed', 'expired', 'failed'])

const listOf = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.filter(isObject) : [])

/** Numbers go without the plus. */
const bare = (number: string) => number.replace(/^\+/, '')

/** `no (correct) recipients found` is such an error: the number is none. */
const blamesNumber = ({ code, parameter }: Record<string, unknown>): boolean =>
  PARAMETER_CODES.has(code) && (parameter === 'recipients' || parameter === 'recipient')

/** What MessageBird's errors say of a message; of status and code alone, for descriptions may quote the number. */
const interpretErrors = (answer: HttpAnswer, errors: Record<string, unknown>[]): SendResult => {
  const blamed = errors.find(blamesNumber)
  const code = codeOf((blamed ?? errors[0])?.['code'])
  const reason = code ? `HTTP ${answer.status}, code ${code}` : `HTTP ${answer.status}`
  const { outcome, ...rest } = interpretFailure(answer)
  if (outcome === 'unknown') return { outcome, reason }
  // Another parameter, or no credit: another company may take it.
  return blamed ? { outcome: 'refused', reason } : { ...rest, outcome: 'failed', reason }
}

const interpret = (answer: HttpAnswer): SendResult => {
  const { status, json } = answer
  const body = isObject(json) ? json : {}
  const errors = listOf(body['errors'])
  if (errors.length > 0 || status < 200 || status > 299) return interpretErrors(answer, errors)

  const recipients = body['recipients']
  const [recipient] = listOf(isObject(recipients) ? recipients['items'] : undefined)
  const fate = recipient?.['status']
  if (FAILURES.has(fate)) return { outcome: 'failed', reason: String(fate) }
  const { id } = body
  return typeof id === 'string' && id.length > 0
    ? { outcome: 'accepted', messageId: id.slice(0, 100) }
    : { outcome: 'unknown', reason: 'unreadable answer' }
}

/** Each phrase is a sentence and a paragraph of its own: no sign for silence is documented. */
const paragraphsOf = ({ speech }: CodeMessage): string => speech.map((phrase) => `${phrase}.`).join('\n\n')

export const messagebirdProvider = defineProvider({
  name: 'messagebird',
  real: true,
  document: { url: 'https://developers.messagebird.com/api', version: 'REST API; read in November 2026' },
  channels: ['sms', 'voice'],
  receipts: 'JWT (HS256) with the time and the hash of the address, by the signing key; 300 s; they come by GET',
  settings: Type.Object({
    MESSAGEBIRD_ACCESS_KEY: Type.String({
      pattern: '^[\\x21-\\x7e]+$',
      description: 'Live access key of your MessageBird account.',
      examples: ['the key shown under Developers, API access'],
      secret: true,
    }),
    MESSAGEBIRD_FROM: Type.String({
      pattern: '^(\\+?[1-9]\\d{1,14}|[A-Za-z0-9 ]{1,11})$',
      description: 'Who the messages come from: a number of yours or an alphanumeric sender.',
      examples: ['Example', '+31612345678'],
    }),
    MESSAGEBIRD_SIGNING_KEY: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'What MessageBird signs receipts with; none are asked for without it.',
        examples: ['the signing key shown under Developers, API settings'],
        secret: true,
      }),
    ),
    MESSAGEBIRD_VOICE_FROM: Type.Optional(
      Type.String({
        pattern: '^\\+?[1-9]\\d{1,14}$',
        description: 'The number that calls come from; it makes the voice channel.',
        examples: ['+31612345678'],
      }),
    ),
    MESSAGEBIRD_URL: Type.String({
      default: 'https://rest.messagebird.com',
      pattern: '^https?://[^\\s/]+',
      description: "Base address of MessageBird's API.",
      examples: ['https://rest.messagebird.com'],
    }),
  }),
  // "Balance API".
  probe: ({ MESSAGEBIRD_URL, MESSAGEBIRD_ACCESS_KEY: key }) => ({
    url: `${MESSAGEBIRD_URL.replace(/\/$/, '')}/balance`,
    headers: { authorization: `AccessKey ${key}` },
  }),
  create: (settings, { exchange, receiptsUrl }) => {
    const base = settings.MESSAGEBIRD_URL.replace(/\/$/, '')
    const { MESSAGEBIRD_SIGNING_KEY: key, MESSAGEBIRD_VOICE_FROM: caller } = settings
    // A report has the reference in it, and there is none without one.
    const tracking = ({ sendId }: CodeMessage) => ({
      reference: sendId,
      ...(key && receiptsUrl && { reportUrl: receiptsUrl }),
    })

    const requests: Partial<Record<Channel, (message: CodeMessage) => { path: string; json: object }>> = {
      sms: (message) => ({
        path: '/messages',
        json: {
          originator: bare(settings.MESSAGEBIRD_FROM),
          recipients: [bare(message.to)],
          body: message.text,
          // Otherwise it replaces what GSM-7 has not.
          datacoding: 'auto',
          ...tracking(message),
        },
      }),
      ...(caller && {
        voice: (message: CodeMessage) => ({
          path: '/voicemessages',
          json: {
            originator: bare(caller),
            recipients: [bare(message.to)],
            body: paragraphsOf(message),
            language: message.speechLocale.toLowerCase(),
            voice: 'female',
            repeat: 1,
            // To find out whether a machine listens takes seconds in which a person hears nothing.
            ifMachine: 'continue',
            ...tracking(message),
          },
        }),
      }),
    }

    return {
      name: 'messagebird',
      channels: Object.keys(requests) as Channel[],
      send: async (message, signal) => {
        const request = requests[message.channel]?.(message)
        if (!request) return { outcome: 'failed', reason: 'no such channel' }
        return exchange(
          {
            url: base + request.path,
            headers: { authorization: `AccessKey ${settings.MESSAGEBIRD_ACCESS_KEY}` },
            json: request.json,
            signal,
          },
          interpret,
        )
      },
      ...(key && { readReceipt: readMessagebirdReceipt(key) }),
    }
  },
})
