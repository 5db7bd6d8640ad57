/**
 * Telnyx, API v2, after https://developers.telnyx.com/api-reference in November 2026: "Send a message", "Create a
 * connection-scoped TeXML call" and "Send WhatsApp Messages". Codes: "Messaging Error Code Reference".
 */
import { Type } from 'typebox'
import { E164 } from '../../core/delivery/phone.ts'
import type { CodeMessage } from '../../core/delivery/ports.ts'
import { acceptedAs, isSuccess, objectOf, objectsIn, rejectedBy } from '../answers.ts'
import { defineProvider, type Interpret } from '../define-provider.ts'
import { sayXml, templateComponents, whatsappLocale } from '../message-format.ts'
import { receiptUrl } from '../receipts.ts'
import { secretSetting, senderSetting, templateSetting, textSetting, urlSetting } from '../settings.ts'
import { readTelnyxReceipt } from './receipts.ts'

/** Codes that always blame the number: landline, not in service, STOP, no address, no WhatsApp user. */
const NUMBER_CODES = new Set(['40001', '40012', '40300', '40310', '131026'])

/** Codes that blame the sender or the recipient; the pointer tells which. */
const EITHER_NUMBER_CODES = new Set(['10001', '10002', '10016'])

const blamesNumber = ({ code, source }: Record<string, unknown>): boolean => {
  const { pointer, parameter } = objectOf(source)
  const place = pointer ?? parameter
  return (
    NUMBER_CODES.has(String(code)) ||
    (EITHER_NUMBER_CODES.has(String(code)) && typeof place === 'string' && /^\/?to\b/i.test(place))
  )
}

const interpret: Interpret = (body, answer) => {
  // The response to a call has no surrounding `data`.
  const data = objectOf(body['data'] ?? body)
  const errors = [...objectsIn(body['errors']), ...objectsIn(data['errors'])]
  if (errors.length > 0 || !isSuccess(answer)) return rejectedBy(answer, errors, blamesNumber)
  const [addressee] = objectsIn(data['to'])
  const status = addressee?.['status']
  if (status === 'sending_failed' || status === 'delivery_failed') return { outcome: 'failed', reason: status }
  const id = data['id'] ?? data['call_sid']
  return !id && data['status'] === 'queued' ? { outcome: 'accepted' } : acceptedAs(id)
}

/** The definition of Telnyx. */
export const telnyxProvider = defineProvider({
  name: 'telnyx',
  real: true,
  document: { url: 'https://developers.telnyx.com/api-reference', version: 'API v2, read in November 2026' },
  channels: ['sms', 'voice', 'whatsapp'],
  receipts: "Ed25519 over the time and the raw body, by the account's key; 300 s",
  settings: Type.Object({
    TELNYX_API_KEY: secretSetting('API v2 key of your Telnyx account.', 'the key shown under API Keys in the portal'),
    TELNYX_FROM: senderSetting(' ', ['+13125550001', 'Example']),
    TELNYX_MESSAGING_PROFILE_ID: Type.Optional(
      textSetting(
        '^[A-Za-z0-9-]+$',
        'The messaging profile to send with. Alphanumeric senders require one.',
        '00000000-0000-4000-8000-000000000000',
      ),
    ),
    TELNYX_PUBLIC_KEY: Type.Optional(
      textSetting(
        '^[A-Za-z0-9+/]{43}=$',
        'The public key that verifies receipts. Without it Doorcode requests no receipts.',
        '11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
      ),
    ),
    TELNYX_VOICE_FROM: Type.Optional(textSetting(E164, 'The caller number of voice calls.', '+13125550001')),
    TELNYX_TEXML_APP_ID: Type.Optional(
      textSetting(
        '^[A-Za-z0-9-]+$',
        'The TeXML application that makes calls. Together with TELNYX_VOICE_FROM it enables the voice channel.',
        '1234567890123456789',
      ),
    ),
    TELNYX_WHATSAPP_FROM: Type.Optional(textSetting(E164, 'Your WhatsApp number.', '+13125550001')),
    TELNYX_WHATSAPP_TEMPLATE: templateSetting('TELNYX_WHATSAPP_FROM'),
    TELNYX_URL: urlSetting('https://api.telnyx.com', "Base URL of Telnyx's API."),
  }),
  api: ({ TELNYX_URL: url, TELNYX_API_KEY: key }) => ({ url, authorization: `Bearer ${key}` }),
  // "Get user balance details".
  probe: () => '/v2/balance',
  requests: (settings, { receiptsUrl }) => {
    const {
      TELNYX_FROM: from,
      TELNYX_MESSAGING_PROFILE_ID: messaging_profile_id,
      TELNYX_VOICE_FROM: caller,
      TELNYX_TEXML_APP_ID: application,
      TELNYX_WHATSAPP_FROM: whatsapp,
      TELNYX_WHATSAPP_TEMPLATE: name,
    } = settings
    const callback = ({ sendId }: CodeMessage) => receiptsUrl && receiptUrl(receiptsUrl, sendId)
    const templateOf = (message: CodeMessage) => ({
      name,
      language: { code: whatsappLocale(message) },
      components: templateComponents(message, 0),
    })
    return {
      // Telnyx chooses the encoding: UCS-2 if a character is not in GSM-7.
      sms: (message) => ({
        path: '/v2/messages',
        json: { from, to: message.to, text: message.text, messaging_profile_id, webhook_url: callback(message) },
      }),
      voice:
        caller &&
        application &&
        ((message) => ({
          path: `/v2/texml/calls/${application}`,
          json: {
            From: caller,
            To: message.to,
            // `alice` is the only voice that follows the given language.
            Texml: sayXml(message, 'alice'),
            ...(receiptsUrl && { StatusCallback: callback(message), StatusCallbackMethod: 'POST' }),
          },
        })),
      whatsapp:
        whatsapp &&
        name &&
        ((message) => ({
          path: '/v2/messages/whatsapp',
          json: {
            from: whatsapp,
            to: message.to,
            whatsapp_message: { type: 'template', template: templateOf(message) },
            webhook_url: callback(message),
          },
        })),
    }
  },
  interpret,
  readReceipt: ({ TELNYX_PUBLIC_KEY: key }) => (key ? readTelnyxReceipt(key) : undefined),
})
