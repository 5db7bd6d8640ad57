import { AsYouType, type CountryCode, type NumberType, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { foldTyped } from '../../core/typed-text.ts'
import { hintFor } from './number-hints.ts'

/** A parsed number, or the reason why it is invalid. */
export type ParsedPhone = { ok: true; phone: string; country: string } | { ok: false; reason: string }

/** A number in its canonical form, or the reason why the text is invalid. */
export type ReadPhone = { ok: true; phone: string } | { ok: false; reason: string }

/** The reason for ITU codes without a country: satellites, international networks and services. */
const NO_COUNTRY = 'belongs to no country (a satellite or an international service)'

/** E.164 with at least seven digits, the fewest of a personal number. */
const WHOLE_NUMBER = /^\+[1-9][0-9]{6,14}$/

const NOT_A_NUMBER = 'has invalid characters; write it like +18009998877'
const NO_COUNTRY_CODE = 'does not start with a country code; write it like +18009998877'

/** Returns the digits, with the plus if there is one; undefined when the text has other characters. */
const compact = (written: string): string | undefined => {
  const plain = foldTyped(written)
    .trim()
    .replace(/^tel:/i, '')
    .replaceAll('＋', '+')
    .replaceAll(/[（）]/g, ' ')
    .trim()
  return /^\+?[0-9 ()./-]*[0-9][0-9 ()./-]*$/.test(plain) ? plain.replaceAll(/[^+0-9]/g, '') : undefined
}

/**
 * Reads a number with its country code and returns the canonical form in which it is stored, counted and sent to: E.164
 * as libphonenumber parses it, without national prefixes (`+44 07400 …` becomes `+44 7400 …`). An invalid number stays
 * as written. Accepts typed and pasted forms: separators, invisible marks, digits of any script, `tel:`. The number
 * must begin with `+`, because a national number could be valid in another country.
 */
export const readPhone = (written: string): ReadPhone => {
  const number = compact(written)
  if (number === undefined) return { ok: false, reason: NOT_A_NUMBER }
  const parsed = number.startsWith('+') ? parsePhoneNumberFromString(number) : undefined
  const phone = parsed?.isValid() ? parsed.number : number
  return parsed && WHOLE_NUMBER.test(phone) ? { ok: true, phone } : { ok: false, reason: NO_COUNTRY_CODE }
}

/** Returns the canonical form of a number, as `readPhone` does; undefined for other text. */
export const canonicalPhone = (written: string): string | undefined => {
  const read = readPhone(written)
  return read.ok ? read.phone : undefined
}

/** Returns the canonical form of a number prefix, such as `+4407400`: without national prefixes. */
export const canonicalPrefix = (prefix: string): string => {
  const typing = new AsYouType()
  typing.input(prefix)
  return typing.getNumber()?.number ?? prefix
}

/**
 * Reads a number with its country code in any usual notation (`+1 800 999 8877`, `18009998877`, `00 44 20 7946 0958`)
 * and returns E.164. The country is that of the number, not of its dial code: +1 876 is Jamaica. With `home`, an ISO
 * 3166-1 country, a number without `+` or `00` is read as a national number. Refuses invalid numbers.
 */
export const parsePhone = (written: string, home?: string): ParsedPhone => {
  const number = compact(written)?.replace(/^00/, '+')
  if (number === undefined) return { ok: false, reason: NOT_A_NUMBER }
  const isNational = home !== undefined && !number.startsWith('+')
  const parsed = isNational
    ? parsePhoneNumberFromString(number, home as CountryCode)
    : parsePhoneNumberFromString(number.replace(/^\+?/, '+'))
  if (!parsed) return { ok: false, reason: NO_COUNTRY_CODE }
  if (!parsed.isValid()) return { ok: false, reason: withHint(notInUse(parsed.country), parsed.number) }
  if (!parsed.country) return { ok: false, reason: NO_COUNTRY }
  return { ok: true, phone: parsed.number, country: parsed.country satisfies CountryCode }
}

const notInUse = (country: string | undefined) => `is not in use in ${country ?? 'any country'}`

const withHint = (reason: string, phone: string): string => {
  const hint = hintFor(phone)
  return hint ? `${reason}. ${hint}` : reason
}

/** Types of numbers on which no person reads codes, or whose holders are paid for each message. */
const REFUSED_TYPES: ReadonlySet<NumberType> = new Set<NumberType>([
  'PREMIUM_RATE',
  'SHARED_COST',
  'TOLL_FREE',
  'UAN',
  'PAGER',
  'VOICEMAIL',
  'PERSONAL_NUMBER',
  'FIXED_LINE',
])

/** The facts that decide whether a message may go to a number. */
export interface Destination {
  /** ISO 3166-1; undefined for a number without a country, such as a satellite's. */
  country: string | undefined
  /** True when the number is valid and of a type that persons have. */
  takesCodes: boolean
  /** The reason why it takes no codes, with the national rule if known, as the end of a sentence about the number. */
  reason: string | undefined
}

/** Returns the facts about an E.164 number. VoIP numbers take codes only if `voip` is true. */
export const destinationOf = (phone: string, { voip }: { voip: boolean }): Destination => {
  const parsed = parsePhoneNumberFromString(phone)
  const type = parsed?.getType()
  const isRefused = REFUSED_TYPES.has(type) || (type === 'VOIP' && !voip)
  const fault = !parsed?.isValid()
    ? notInUse(parsed?.country)
    : isRefused
      ? 'is of a type that cannot receive codes'
      : undefined
  return { country: parsed?.country, takesCodes: fault === undefined, reason: fault && withHint(fault, phone) }
}

/** Returns the ISO 3166-1 country of an E.164 number; undefined when it has none. */
export const countryOf = (phone: string): string | undefined => parsePhoneNumberFromString(phone)?.country
