/**
 * MessageBird (now Bird), the REST API at rest.messagebird.com, after https://developers.messagebird.com/api in
 * November 2026: "SMS API" (/messages) and "Voice Messaging API" (/voicemessages). Codes: "API errors".
 *
 * WhatsApp belongs to another API (conversations.messagebird.com) and is not supported.
 */
import { Type } from 'typebox'
import type { CodeMessage } from '../../core/delivery/ports.ts'
import { acceptedAs, isSuccess, objectOf, objectsIn, rejectedBy } from '../answers.ts'
import { defineProvider, type Interpret } from '../define-provider.ts'
import { withoutPlus } from '../message-format.ts'
import { NUMBER_OR_DIGITS, secretSetting, senderSetting, urlSetting, voiceSetting } from '../settings.ts'
import { readMessagebirdReceipt } from './receipts.ts'

/** Codes of errors in a parameter, which the error names: missing, invalid and malformed. */
const PARAMETER_CODES = new Set<unknown>([9, 10, 21])

/** The final statuses of messages that were not sent. */
const FAILURES = new Set<unknown>(['delivery_failed', 'expired', 'failed'])

/** Returns true if an error blames the number, such as `no (correct) recipients found`. */
const blamesNumber = ({ code, parameter }: Record<string, unknown>): boolean =>
  PARAMETER_CODES.has(code) && (parameter === 'recipients' || parameter === 'recipient')

const interpret: Interpret = (body, answer) => {
  const errors = objectsIn(body['errors'])
  if (errors.length > 0 || !isSuccess(answer)) return rejectedBy(answer, errors, blamesNumber)
  const [recipient] = objectsIn(objectOf(body['recipients'])['items'])
  const status = recipient?.['status']
  return FAILURES.has(status) ? { outcome: 'failed', reason: String(status) } : acceptedAs(body['id'])
}

/** The definition of MessageBird. */
export const messagebirdProvider = defineProvider({
  name: 'messagebird',
  real: true,
  document: { url: 'https://developers.messagebird.com/api', version: 'REST API; read in November 2026' },
  channels: ['sms', 'voice'],
  receipts: 'JWT (HS256) with the time and the hash of the URL, by the signing key; 300 s; they come by GET',
  settings: Type.Object({
    MESSAGEBIRD_ACCESS_KEY: secretSetting(
      'Live access key of your MessageBird account.',
      'the key shown under Developers, API access',
    ),
    MESSAGEBIRD_FROM: senderSetting(' ', ['Example', '+31612345678'], 'one of your numbers or an alphanumeric sender'),
    MESSAGEBIRD_SIGNING_KEY: Type.Optional(
      secretSetting(
        'The key that MessageBird signs receipts with. Without it Doorcode requests no receipts.',
        'the signing key shown under Developers, API settings',
        { minLength: 1 },
      ),
    ),
    MESSAGEBIRD_VOICE_FROM: voiceSetting(NUMBER_OR_DIGITS, '+31612345678'),
    MESSAGEBIRD_URL: urlSetting('https://rest.messagebird.com', "Base URL of MessageBird's API."),
  }),
  api: ({ MESSAGEBIRD_URL: url, MESSAGEBIRD_ACCESS_KEY: key }) => ({ url, authorization: `AccessKey ${key}` }),
  // "Balance API".
  probe: () => '/balance',
  requests: ({ MESSAGEBIRD_FROM: from, MESSAGEBIRD_VOICE_FROM: caller }, { receiptsUrl }) => {
    // MessageBird sends reports only for messages with a reference.
    const tracking = ({ sendId }: CodeMessage) => ({
      reference: sendId,
      ...(receiptsUrl && { reportUrl: receiptsUrl }),
    })
    return {
      sms: (message) => ({
        path: '/messages',
        json: {
          originator: withoutPlus(from),
          recipients: [withoutPlus(message.to)],
          body: message.text,
          // Without it, characters outside GSM-7 are replaced.
          datacoding: 'auto',
          ...tracking(message),
        },
      }),
      voice:
        caller &&
        ((message) => ({
          path: '/voicemessages',
          json: {
            originator: withoutPlus(caller),
            recipients: [withoutPlus(message.to)],
            // Each phrase is a separate paragraph, because no markup for silence is documented.
            body: message.speech.map((phrase) => `${phrase}.`).join('\n\n'),
            language: message.speechLocale.toLowerCase(),
            voice: 'female',
            repeat: 1,
            // Detecting an answering machine takes seconds in which the user hears nothing.
            ifMachine: 'continue',
            ...tracking(message),
          },
        })),
    }
  },
  interpret,
  readReceipt: ({ MESSAGEBIRD_SIGNING_KEY: key }) => (key ? readMessagebirdReceipt(key) : undefined),
})
