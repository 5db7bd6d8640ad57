/** Schemas of the settings that many providers have. */
import { Type } from 'typebox'
import { E164 } from '../core/delivery/phone.ts'

/** A number in E.164 whose plus may be left out, as a pattern. */
export const NUMBER_OR_DIGITS = E164.replace('\\+', '\\+?')

/** Returns the schema of a text that a pattern describes. */
export const textSetting = (pattern: string, description: string, ...examples: string[]) =>
  Type.String({ pattern, description, examples })

/** Returns the schema of a credential, which may come from a file and is never shown. */
export const secretSetting = (
  description: string,
  example: string,
  rule: { pattern: string } | { minLength: number } = { pattern: '^[\\x21-\\x7e]+$' },
) => Type.String({ ...rule, description, examples: [example], secret: true })

/** Returns the schema of an address that has a default, which is its example unless others are given. */
export const urlSetting = (address: string, description: string, ...examples: string[]) =>
  Type.String({
    default: address,
    pattern: '^https?://[^\\s/]+',
    description,
    examples: examples.length > 0 ? examples : [address],
  })

/**
 * Returns the schema of the sender of text messages: a number in digits, or up to 11 characters. The symbols are those
 * that a name may have besides letters and digits, for a character class.
 */
export const senderSetting = (
  symbols: string,
  examples: string[],
  senders = 'a number of yours, a short code or an alphanumeric sender',
) =>
  textSetting(
    `^(${NUMBER_OR_DIGITS.slice(1, -1)}|[A-Za-z0-9${symbols}]{1,11})$`,
    `Who the messages come from: ${senders}.`,
    ...examples,
  )

/** Returns the schema of the number that calls come from, where nothing else is needed for the voice channel. */
export const voiceSetting = (pattern: string, example: string) =>
  Type.Optional(textSetting(pattern, 'The number that calls come from; it makes the voice channel.', example))

/** Returns the schema of the name of a WhatsApp template, which with the setting of the sender makes the channel. */
export const templateSetting = (sender: string) =>
  Type.Optional(
    textSetting(
      '^[a-z0-9_]+$',
      `The approved authentication template; with ${sender} it makes the WhatsApp channel.`,
      'login_code',
    ),
  )
