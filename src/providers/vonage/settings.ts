import { Type } from 'typebox'
import { secretSetting, senderSetting, textSetting, urlSetting } from '../settings.ts'

const NUMBER = '^\\+?[1-9]\\d{6,14}$'

/** The settings of Vonage. */
export const settings = Type.Object({
  VONAGE_API_KEY: secretSetting(
    'API key of your Vonage account.',
    'the key shown in the API settings of the dashboard',
    { pattern: '^[A-Za-z0-9]+$' },
  ),
  VONAGE_API_SECRET: secretSetting(
    'API secret that belongs to the key.',
    'the secret shown in the API settings of the dashboard',
  ),
  VONAGE_FROM: senderSetting(' ', ['Example', '+447700900001']),
  VONAGE_SIGNATURE_SECRET: Type.Optional(
    secretSetting(
      'The secret that Vonage signs receipts with. Without it Doorcode requests no receipts.',
      'the signature secret shown in the API settings of the dashboard',
      { minLength: 1 },
    ),
  ),
  VONAGE_APPLICATION_ID: Type.Optional(
    textSetting(
      '^[A-Za-z0-9-]+$',
      'The application that makes calls. Together with its key and VONAGE_VOICE_FROM it enables the voice channel.',
      '00000000-0000-4000-8000-000000000000',
    ),
  ),
  VONAGE_PRIVATE_KEY: Type.Optional(
    secretSetting(
      'The private key of that application, in PEM. Line ends may be written as \\n.',
      'the content of the private.key that the dashboard offers',
      { pattern: '^-----BEGIN (RSA )?PRIVATE KEY-----' },
    ),
  ),
  VONAGE_VOICE_FROM: Type.Optional(textSetting(NUMBER, 'The caller number of voice calls.', '+447700900001')),
  VONAGE_WHATSAPP_FROM: Type.Optional(textSetting(NUMBER, 'Your WhatsApp number.', '+447700900001')),
  VONAGE_WHATSAPP_TEMPLATE: Type.Optional(
    textSetting(
      '^([A-Za-z0-9_-]+:)?[a-z0-9_]+$',
      'The approved authentication template, after its namespace if it has one. Together with VONAGE_WHATSAPP_FROM it enables the WhatsApp channel.',
      'login_code',
      'namespace:login_code',
    ),
  ),
  VONAGE_URL: urlSetting(
    'https://api.nexmo.com',
    "Base URL of Vonage's API.",
    'https://api.nexmo.com',
    'https://api-eu.nexmo.com',
  ),
})
