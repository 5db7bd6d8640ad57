/**
 * Twilio, API 2010-04-01, after https://www.twilio.com/docs in November 2026: "Messages resource", "Call resource",
 * "TwiML Voice: <Say>" and the content type whatsapp/authentication. Codes: "Error and Warning Dictionary".
 */
import { Type } from 'typebox'
import { E164 } from '../../core/delivery/phone.ts'
import type { CodeMessage } from '../../core/delivery/ports.ts'
import { basicAuth, joinUrl } from '../../http-client/client.ts'
import { acceptedAs, codeOf, isSuccess, rejected } from '../answers.ts'
import { defineProvider } from '../define-provider.ts'
import { sayXml } from '../message-format.ts'
import { receiptUrl } from '../receipts.ts'
import { secretSetting, textSetting, urlSetting, voiceSetting } from '../settings.ts'
import { readTwilioReceipt } from './receipts.ts'

/**
 * Codes that blame the number: invalid (21211 for messages, 21217 for calls), a short code, opted out, not a mobile
 * number, a landline, unknown to its network, a landline again, not a WhatsApp user (two codes).
 */
const NUMBER_CODES = new Set('21211 21217 21265 21610 21614 21635 30005 30006 63003 63024'.split(' '))

/** The final statuses of messages and calls that failed. */
const IN_VAIN = new Set<unknown>(['failed', 'undelivered', 'canceled'])

/** The definition of Twilio. */
export const twilioProvider = defineProvider({
  name: 'twilio',
  real: true,
  document: { url: 'https://www.twilio.com/docs/messaging/api/message-resource', version: '2010-04-01, November 2026' },
  channels: ['sms', 'voice', 'whatsapp'],
  receipts: 'HMAC-SHA1 over the URL and all parameters, by the auth token; no time is signed',
  settings: Type.Object({
    TWILIO_ACCOUNT_SID: textSetting(
      '^AC[0-9A-Za-z]{32}$',
      'The SID of your Twilio account.',
      'ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX',
    ),
    TWILIO_AUTH_TOKEN: secretSetting(
      'The primary auth token of that account. Twilio also signs receipts with it.',
      'the token shown in the console',
    ),
    TWILIO_FROM: textSetting(
      '^(\\+[1-9]\\d{1,14}|MG[0-9A-Za-z]{32})$',
      'The sender of the messages: one of your numbers, or the SID of a messaging service.',
      '+15017122661',
      'MGXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX',
    ),
    TWILIO_VOICE_FROM: voiceSetting(E164, '+15017122661'),
    TWILIO_WHATSAPP_FROM: Type.Optional(textSetting(E164, 'Your WhatsApp sender.', '+14155238886')),
    TWILIO_WHATSAPP_TEMPLATE: Type.Optional(
      textSetting(
        '^HX[0-9A-Za-z]{32}$',
        'The SID of the approved whatsapp/authentication template. A template has one language. Together with TWILIO_WHATSAPP_FROM it enables the WhatsApp channel.',
        'HXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX',
      ),
    ),
    TWILIO_URL: urlSetting(
      'https://api.twilio.com',
      "Base URL of Twilio's API. Other regions have other URLs.",
      'https://api.twilio.com',
      'https://api.dublin.ie1.twilio.com',
    ),
  }),
  api: ({ TWILIO_URL: url, TWILIO_ACCOUNT_SID: account, TWILIO_AUTH_TOKEN: token }) => ({
    url: joinUrl(url, `/2010-04-01/Accounts/${account}`),
    authorization: basicAuth(account, token),
  }),
  // "Fetch an Account resource".
  probe: () => '.json',
  requests: (settings, { receiptsUrl }) => {
    const {
      TWILIO_FROM: from,
      TWILIO_VOICE_FROM: caller,
      TWILIO_WHATSAPP_FROM: whatsapp,
      TWILIO_WHATSAPP_TEMPLATE: template,
    } = settings
    const callback = ({ sendId }: CodeMessage) =>
      receiptsUrl ? [['StatusCallback', receiptUrl(receiptsUrl, sendId)] as const] : []
    return {
      // Twilio chooses the encoding: UCS-2 if a character is not in GSM-7.
      sms: (message) => ({
        path: '/Messages.json',
        form: [
          ['To', message.to],
          [from.startsWith('MG') ? 'MessagingServiceSid' : 'From', from],
          ['Body', message.text],
          ...callback(message),
        ],
      }),
      // The account's settings choose the voice of a language.
      voice:
        caller &&
        ((message) => ({
          path: '/Calls.json',
          form: [['To', message.to], ['From', caller], ['Twiml', sayXml(message)], ...callback(message)],
        })),
      whatsapp:
        whatsapp &&
        template &&
        ((message) => ({
          path: '/Messages.json',
          form: [
            ['To', `whatsapp:${message.to}`],
            ['From', `whatsapp:${whatsapp}`],
            ['ContentSid', template],
            ['ContentVariables', JSON.stringify({ 1: message.code })],
            ...callback(message),
          ],
        })),
    }
  },
  interpret: (body, answer) => {
    const code = codeOf(body['error_code'] ?? body['code'])
    return isSuccess(answer) && !code && !IN_VAIN.has(body['status'])
      ? acceptedAs(body['sid'])
      : rejected(answer, code && `code ${code}`, NUMBER_CODES.has(code ?? ''))
  },
  readReceipt: ({ TWILIO_AUTH_TOKEN }) => readTwilioReceipt(TWILIO_AUTH_TOKEN),
})
