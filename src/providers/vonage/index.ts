/**
 * Vonage, after https://developer.vonage.com/en/api in November 2026: Messages API v1 (OpenAPI 1.20.0) for text and
 * WhatsApp, Voice API v1 (OpenAPI 1.10.0) for calls. Codes: "API Errors", Messages API.
 */
import type { CodeMessage } from '../../core/delivery/ports.ts'
import { basicAuth, isObject } from '../../http-client/client.ts'
import { acceptedAs, isSuccess, objectsIn, rejected } from '../answers.ts'
import { defineProvider, type Interpret } from '../define-provider.ts'
import { speakXml, templateComponents, whatsappLocale, withoutPlus } from '../message-format.ts'
import { receiptUrl } from '../receipts.ts'
import { problemCode, readVonageReceipt } from './receipts.ts'
import { settings } from './settings.ts'
import { createTokenSigner } from './token.ts'

/**
 * Codes that blame the number: barred, invalid, no longer in use, opted out (STOP), no user of the channel, invalid for
 * the channel.
 */
const NUMBER_CODES = new Set(['1050', '1170', '1190', '1240', '1300', '1430'])

/** Returns true if a problem blames the number: by its code, its title, or its invalid members. */
const blamesNumber = (problem: Record<string, unknown>): boolean =>
  NUMBER_CODES.has(problemCode(problem) ?? '') ||
  // The example of this problem in the OpenAPI document has a code that is missing in the list.
  problem['title'] === 'Invalid recipient' ||
  objectsIn(problem['invalid_parameters']).some(({ name }) => typeof name === 'string' && /^to\b/.test(name))

const interpret: Interpret = (body, answer) => {
  const { error, message_uuid, uuid } = body
  const problem = isObject(error) ? error : body
  const id = message_uuid ?? uuid
  const code = problemCode(problem)
  return isSuccess(answer) && problem === body && (id || !code)
    ? acceptedAs(id)
    : rejected(answer, code, blamesNumber(problem))
}

const templateOf = (message: CodeMessage, template: string) => {
  const [name, namespace] = template.split(':').reverse()
  const language = { policy: 'deterministic', code: whatsappLocale(message) }
  return { type: 'template', template: { namespace, name, language, components: templateComponents(message, '0') } }
}

/** The definition of Vonage. */
export const vonageProvider = defineProvider({
  name: 'vonage',
  real: true,
  document: {
    url: 'https://developer.vonage.com/en/api/messages',
    version: 'Messages API 1.20.0, Voice API 1.10.0; read in November 2026',
  },
  channels: ['sms', 'voice', 'whatsapp'],
  receipts: 'JWT (HS256) with the time and the hash of the body, by the signature secret; 300 s',
  settings,
  api: ({ VONAGE_URL: url, VONAGE_API_KEY: key, VONAGE_API_SECRET: secret }) => ({
    url,
    authorization: basicAuth(key, secret),
  }),
  // Account API, "Retrieve API Secrets": returns their ids and dates, never the secrets.
  probe: ({ VONAGE_API_KEY }) => `/accounts/${VONAGE_API_KEY}/secrets`,
  requests: (given, { receiptsUrl, now }) => {
    const {
      VONAGE_FROM: from,
      VONAGE_APPLICATION_ID: application,
      VONAGE_PRIVATE_KEY: pem,
      VONAGE_VOICE_FROM: caller,
      VONAGE_WHATSAPP_FROM: whatsapp,
      VONAGE_WHATSAPP_TEMPLATE: template,
    } = given
    // The Voice API needs separate credentials.
    const signToken = application && pem && caller ? createTokenSigner(application, pem, now) : undefined
    const messageOf = ({ to, channel, sendId }: CodeMessage, from: string, content: object) => ({
      path: '/v1/messages',
      json: {
        to: withoutPlus(to),
        from: withoutPlus(from),
        channel,
        ...content,
        client_ref: sendId,
        ...(receiptsUrl && { webhook_url: receiptsUrl, webhook_version: 'v1' }),
      },
    })
    return {
      // Vonage chooses the encoding: Unicode if a character needs it.
      sms: (message) => messageOf(message, from, { message_type: 'text', text: message.text }),
      voice:
        caller &&
        signToken &&
        ((message) => ({
          path: '/v1/calls',
          headers: { authorization: `Bearer ${signToken()}` },
          json: {
            to: [{ type: 'phone', number: withoutPlus(message.to) }],
            from: { type: 'phone', number: withoutPlus(caller) },
            ncco: [{ action: 'talk', text: speakXml(message), language: message.speechLocale }],
            ...(receiptsUrl && { event_url: [receiptUrl(receiptsUrl, message.sendId)], event_method: 'POST' }),
          },
        })),
      whatsapp:
        whatsapp &&
        template &&
        ((message) => messageOf(message, whatsapp, { message_type: 'custom', custom: templateOf(message, template) })),
    }
  },
  interpret,
  readReceipt: ({ VONAGE_SIGNATURE_SECRET: secret }) => (secret ? readVonageReceipt(secret) : undefined),
})
