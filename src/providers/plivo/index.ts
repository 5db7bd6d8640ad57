/**
 * Plivo, Message API v1, after https://www.plivo.com/docs/messaging/api/messages in November 2026: "Send a Message",
 * for text and for WhatsApp templates.
 *
 * Voice is not supported: Plivo fetches the words of a call from a URL, and this server offers none.
 */
import { Type } from 'typebox'
import type { CodeMessage } from '../../core/delivery/ports.ts'
import { basicAuth, joinUrl } from '../../http-client/client.ts'
import { acceptedAs, codeOf, isSuccess, rejected } from '../answers.ts'
import { defineProvider, type Interpret } from '../define-provider.ts'
import { templateComponents, whatsappLocale, withoutPlus } from '../message-format.ts'
import { receiptUrl } from '../receipts.ts'
import {
  NUMBER_OR_DIGITS,
  secretSetting,
  senderSetting,
  templateSetting,
  textSetting,
  urlSetting,
} from '../settings.ts'
import { readPlivoReceipt } from './receipts.ts'

/**
 * Returns true if an error blames the number. Plivo has no code for it, only texts. They contain the faulty number,
 * which may be the sender, except when all numbers of the message are faulty.
 */
const blamesNumber = (error: unknown, to: string): boolean =>
  typeof error === 'string' &&
  (/^invalid phone numbers?\.?$/i.test(error) ||
    (/not a valid phone number/i.test(error) && error.includes(withoutPlus(to))))

const interpret: Interpret = ({ error, message_uuid: ids, invalid_number: invalid }, answer, { to }) => {
  const isError = !isSuccess(answer) || Boolean(error)
  const id: unknown = Array.isArray(ids) ? ids[0] : ids
  // The response lists the only number as invalid.
  const isLeftOut = !isError && !id && Array.isArray(invalid) && invalid.length > 0
  if (isLeftOut || blamesNumber(error, to)) return rejected(answer, 'invalid number', true)
  return isError ? rejected(answer, codeOf(error)) : acceptedAs(id)
}

/** The definition of Plivo. */
export const plivoProvider = defineProvider({
  name: 'plivo',
  real: true,
  document: { url: 'https://www.plivo.com/docs/messaging/api/messages', version: 'v1, November 2026' },
  channels: ['sms', 'whatsapp'],
  receipts: 'HMAC-SHA256 by the auth token: V3, or V2 and our HMAC of the send id; no time is signed',
  settings: Type.Object({
    PLIVO_AUTH_ID: textSetting(
      '^[A-Za-z0-9]+$',
      'The auth ID of your Plivo account or subaccount.',
      'MAXXXXXXXXXXXXXXXXXX',
    ),
    PLIVO_AUTH_TOKEN: secretSetting(
      'The auth token of this ID. Plivo also signs receipts with it.',
      'the token shown in the console',
    ),
    PLIVO_FROM: senderSetting('', ['+14156667777', 'Example']),
    PLIVO_WHATSAPP_FROM: Type.Optional(textSetting(NUMBER_OR_DIGITS, 'Your WhatsApp number.', '+14156667777')),
    PLIVO_WHATSAPP_TEMPLATE: templateSetting('PLIVO_WHATSAPP_FROM'),
    PLIVO_URL: urlSetting('https://api.plivo.com', "Base URL of Plivo's API."),
  }),
  api: ({ PLIVO_URL: url, PLIVO_AUTH_ID: account, PLIVO_AUTH_TOKEN: token }) => ({
    url: joinUrl(url, `/v1/Account/${account}/`),
    authorization: basicAuth(account, token),
  }),
  // "Retrieve account details".
  probe: () => '',
  requests: (settings, { receiptsUrl }) => {
    const { PLIVO_AUTH_TOKEN: token, PLIVO_WHATSAPP_FROM: whatsapp, PLIVO_WHATSAPP_TEMPLATE: template } = settings
    const requestOf = ({ to, sendId }: CodeMessage, from: string, content: object) => ({
      path: '/Message/',
      json: {
        src: withoutPlus(from),
        dst: withoutPlus(to),
        ...content,
        ...(receiptsUrl && { url: receiptUrl(receiptsUrl, sendId, token), method: 'POST' }),
      },
    })
    return {
      // Plivo chooses the encoding: UCS-2 if a character is not in GSM-7.
      sms: (message) => requestOf(message, settings.PLIVO_FROM, { text: message.text, type: 'sms' }),
      whatsapp:
        whatsapp &&
        template &&
        ((message) =>
          requestOf(message, whatsapp, {
            type: 'whatsapp',
            template: {
              name: template,
              language: whatsappLocale(message),
              components: templateComponents(message, '0'),
            },
          })),
    }
  },
  interpret,
  readReceipt: ({ PLIVO_AUTH_TOKEN }) => readPlivoReceipt(PLIVO_AUTH_TOKEN),
})
