/** The schemas of settings that many providers share. */
import { Type } from 'typebox'
import { E164 } from '../core/delivery/phone.ts'

/** Pattern of a number in E.164 with an optional plus. */
export const NUMBER_OR_DIGITS = E164.replace('\\+', '\\+?')

/** Returns the schema of a text that matches a pattern. */
export const textSetting = (pattern: string, description: string, ...examples: string[]) =>
  Type.String({ pattern, description, examples })

/** Returns the schema of a credential, which may come from a file and is never displayed. */
export const secretSetting = (
  description: string,
  example: string,
  rule: { pattern: string } | { minLength: number } = { pattern: '^[\\x21-\\x7e]+$' },
) => Type.String({ ...rule, description, examples: [example], secret: true })

/** Returns the schema of a URL with a default, which is also its example unless others are given. */
export const urlSetting = (address: string, description: string, ...examples: string[]) =>
  Type.String({
    default: address,
    pattern: '^https?://[^\\s/]+',
    description,
    examples: examples.length > 0 ? examples : [address],
  })

/**
 * Returns the schema of the sender of text messages: a number in digits, or up to 11 characters. `symbols` are the
 * characters for a character class that a name may have in addition to letters and digits.
 */
export const senderSetting = (
  symbols: string,
  examples: string[],
  senders = 'one of your numbers, a short code or an alphanumeric sender',
) =>
  textSetting(
    `^(${NUMBER_OR_DIGITS.slice(1, -1)}|[A-Za-z0-9${symbols}]{1,11})$`,
    `The sender of the messages: ${senders}.`,
    ...examples,
  )

/** Returns the schema of the caller number, for providers whose voice channel needs no other setting. */
export const voiceSetting = (pattern: string, example: string) =>
  Type.Optional(textSetting(pattern, 'The caller number of voice calls. It enables the voice channel.', example))

/**
 * Returns the schema of the name of a WhatsApp template, which enables the channel together with the sender's setting.
 */
export const templateSetting = (sender: string) =>
  Type.Optional(
    textSetting(
      '^[a-z0-9_]+$',
      `The approved authentication template. Together with ${sender} it enables the WhatsApp channel.`,
      'login_code',
    ),
  )
