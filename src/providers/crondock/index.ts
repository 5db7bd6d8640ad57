/**
 * CronDock, the SMS company of the tutorial this project grew out of. It has no published reference; the request is the
 * one that the tutorial makes.
 */
import { Type } from 'typebox'
import type { SendResult } from '../../core/delivery/ports.ts'
import { type HttpAnswer, interpretFailure, isObject } from '../../http-client/client.ts'
import { defineProvider } from '../provider.ts'

/** Whether a member that lists errors lists any: `null`, `[]` and `{}` say that there are none. */
const reports = (errors: unknown): boolean =>
  typeof errors === 'object' && errors !== null ? Object.keys(errors).length > 0 : Boolean(errors)

/** A success that carries an error was not sent; a success that cannot be read may have been. */
const interpret = (answer: HttpAnswer): SendResult => {
  if (answer.status < 200 || answer.status > 299) return interpretFailure(answer)
  const { json } = answer
  if (!isObject(json)) return { outcome: 'unknown', reason: 'unreadable answer' }
  if (reports(json['error']) || reports(json['errors']) || json['success'] === false || json['status'] === 'error') {
    return { outcome: 'failed', reason: `error in the body of HTTP ${answer.status}` }
  }
  const id = json['id'] ?? json['message_id']
  return typeof id === 'string' || typeof id === 'number'
    ? { outcome: 'accepted', messageId: String(id).slice(0, 100) }
    : { outcome: 'accepted' }
}

export const crondockProvider = defineProvider({
  name: 'crondock',
  real: true,
  document: { url: 'https://crondock.com', version: 'no published reference; as the tutorial uses it' },
  channels: ['sms'],
  settings: Type.Object({
    CRONDOCK_API_KEY: Type.String({
      pattern: '^[\\x21-\\x7e]+$',
      description: 'API key of your CronDock account.',
      examples: ['the key shown in your account'],
      secret: true,
    }),
    CRONDOCK_URL: Type.String({
      default: 'https://api.crondock.com/run/sms/',
      pattern: '^https?://[^\\s/]+',
      description: 'Where CronDock takes messages.',
      examples: ['https://api.crondock.com/run/sms/'],
    }),
  }),
  create: ({ CRONDOCK_API_KEY, CRONDOCK_URL }, { exchange }) => ({
    name: 'crondock',
    channels: ['sms'],
    send: ({ to, text }, signal) =>
      exchange(
        {
          url: CRONDOCK_URL,
          headers: { authorization: `Api-Key ${CRONDOCK_API_KEY}` },
          json: { data: { to_phone: to.slice(1), body: text } },
          signal,
        },
        interpret,
      ),
  }),
})
