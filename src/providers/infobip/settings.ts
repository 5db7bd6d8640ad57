import { Type } from 'typebox'
import {
  NUMBER_OR_DIGITS,
  secretSetting,
  senderSetting,
  templateSetting,
  textSetting,
  urlSetting,
  voiceSetting,
} from '../settings.ts'

/** The settings of Infobip. */
export const settings = Type.Object({
  INFOBIP_API_KEY: secretSetting(
    'API key of your Infobip account, allowed to send by each channel you use.',
    'the key shown under Developer Tools',
  ),
  INFOBIP_FROM: senderSetting(' ._-', ['Example', '+385955550001'], 'one of your numbers or an alphanumeric sender'),
  INFOBIP_WEBHOOK_SECRET: Type.Optional(
    secretSetting(
      'Secret that verifies receipts: at least 32 random characters. Without it Doorcode requests no receipts.',
      'the output of: openssl rand -base64 33',
      { minLength: 32 },
    ),
  ),
  INFOBIP_VOICE_FROM: voiceSetting(NUMBER_OR_DIGITS, '+385955550001'),
  INFOBIP_WHATSAPP_FROM: Type.Optional(textSetting(NUMBER_OR_DIGITS, 'Your WhatsApp sender.', '+385955550001')),
  INFOBIP_WHATSAPP_TEMPLATE: templateSetting('INFOBIP_WHATSAPP_FROM'),
  INFOBIP_URL: urlSetting(
    'https://api.infobip.com',
    "Base URL of Infobip's API. Each account has its own, so set it.",
    'https://xxxxx.api.infobip.com',
  ),
})
