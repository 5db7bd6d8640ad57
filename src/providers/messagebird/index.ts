/**
 * MessageBird (now Bird), the REST API at rest.messagebird.com: "SMS API" (/messages) and "Voice Messaging API"
 * (/voicemessages), https://developers.messagebird.com/api as read in November 2026. Codes: "API errors".
 *
 * WhatsApp is in another API (conversations.messagebird.com), and not here.
 */
import { Type } from 'typebox'
import type { CodeMessage } from '../../core/delivery/ports.ts'
import { acceptedAs, isSuccess, objectOf, objectsIn, rejectedBy } from '../answers.ts'
import { defineProvider, type Interpret } from '../define-provider.ts'
import { withoutPlus } from '../message-format.ts'
import { NUMBER_OR_DIGITS, secretSetting, senderSetting, urlSetting, voiceSetting } from '../settings.ts'
import { readMessagebirdReceipt } from './receipts.ts'

/** Codes that blame a parameter, which the error names: missing, invalid and badly formed. */
const PARAMETER_CODES = new Set<unknown>([9, 10, 21])

/** The statuses of a message that goes no further. */
const FAILURES = new Set<unknown>(['delivery_failed', 'expired', 'failed'])

/** `no (correct) recipients found` is such an error: the number is not one. */
const blamesNumber = ({ code, parameter }: Record<string, unknown>): boolean =>
  PARAMETER_CODES.has(code) && (parameter === 'recipients' || parameter === 'recipient')

const interpret: Interpret = (body, answer) => {
  const errors = objectsIn(body['errors'])
  if (errors.length > 0 || !isSuccess(answer)) return rejectedBy(answer, errors, blamesNumber)
  const [recipient] = objectsIn(objectOf(body['recipients'])['items'])
  const status = recipient?.['status']
  return FAILURES.has(status) ? { outcome: 'failed', reason: String(status) } : acceptedAs(body['id'])
}

export const messagebirdProvider = defineProvider({
  name: 'messagebird',
  real: true,
  document: { url: 'https://developers.messagebird.com/api', version: 'REST API; read in November 2026' },
  channels: ['sms', 'voice'],
  receipts: 'JWT (HS256) with the time and the hash of the address, by the signing key; 300 s; they come by GET',
  settings: Type.Object({
    MESSAGEBIRD_ACCESS_KEY: secretSetting(
      'Live access key of your MessageBird account.',
      'the key shown under Developers, API access',
    ),
    MESSAGEBIRD_FROM: senderSetting(' ', ['Example', '+31612345678'], 'a number of yours or an alphanumeric sender'),
    MESSAGEBIRD_SIGNING_KEY: Type.Optional(
      secretSetting(
        'What MessageBird signs receipts with; none are asked for without it.',
        'the signing key shown under Developers, API settings',
        { minLength: 1 },
      ),
    ),
    MESSAGEBIRD_VOICE_FROM: voiceSetting(NUMBER_OR_DIGITS, '+31612345678'),
    MESSAGEBIRD_URL: urlSetting('https://rest.messagebird.com', "Base address of MessageBird's API."),
  }),
  api: ({ MESSAGEBIRD_URL: url, MESSAGEBIRD_ACCESS_KEY: key }) => ({ url, authorization: `AccessKey ${key}` }),
  // "Balance API".
  probe: () => '/balance',
  requests: ({ MESSAGEBIRD_FROM: from, MESSAGEBIRD_VOICE_FROM: caller }, { receiptsUrl }) => {
    // A report has the reference in it, and without one there is no report.
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
          // Otherwise it replaces what GSM-7 has not.
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
            // Each phrase is a sentence and a paragraph of its own: no sign for silence is documented.
            body: message.speech.map((phrase) => `${phrase}.`).join('\n\n'),
            language: message.speechLocale.toLowerCase(),
            voice: 'female',
            repeat: 1,
            // To find out whether a machine listens takes seconds in which a person hears nothing.
            ifMachine: 'continue',
            ...tracking(message),
          },
        })),
    }
  },
  interpret,
  readReceipt: ({ MESSAGEBIRD_SIGNING_KEY: key }) => (key ? readMessagebirdReceipt(key) : undefined),
})
