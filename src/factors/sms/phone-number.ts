import { AsYouType, type CountryCode, type NumberType, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { foldTyped } from '../../core/typed-text.ts'
import { hintFor } from './number-hints.ts'

/** A number that was understood, or why it was not. */
export type ParsedPhone = { ok: true; phone: string; country: string } | { ok: false; reason: string }

/** A number in its one spelling, or why the text is none. */
export type ReadPhone = { ok: true; phone: string } | { ok: false; reason: string }

/** ITU codes that belong to no country: satellites, international networks and services. */
const NO_COUNTRY = 'lies in no country (a satellite or an international service)'

/** E.164 with the seven digits that a number of a person has at least. */
const WHOLE_NUMBER = /^\+[1-9][0-9]{6,14}$/

const NOT_A_NUMBER = 'has characters that no number has; write it like +18009998877'
const NO_COUNTRY_CODE = 'does not start with a country code; write it like +18009998877'

/** The plus, if there is one, and the digits; undefined where other characters stand. */
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
 * Reads a number with its country code and gives the one spelling that it is stored, counted and sent to under: E.164 as
 * libphonenumber parses it, without the prefixes of national calls (`+44 07400 …` is `+44 7400 …`). A number that is not
 * in use stays as it was written. Takes what people type and paste: separators, invisible marks, digits of any script,
 * `tel:`. The number must begin with `+`: a national number could be a valid one of another country.
 */
export const readPhone = (written: string): ReadPhone => {
  const number = compact(written)
  if (number === undefined) return { ok: false, reason: NOT_A_NUMBER }
  const parsed = number.startsWith('+') ? parsePhoneNumberFromString(number) : undefined
  const phone = parsed?.isValid() ? parsed.number : number
  return parsed && WHOLE_NUMBER.test(phone) ? { ok: true, phone } : { ok: false, reason: NO_COUNTRY_CODE }
}

/** The one spelling of a number, as `readPhone` gives it; undefined for other text. */
export const canonicalPhone = (written: string): string | undefined => {
  const read = readPhone(written)
  return read.ok ? read.phone : undefined
}

/** The one spelling of the first digits of numbers, such as `+4407400`: without the prefixes of national calls. */
export const canonicalPrefix = (prefix: string): string => {
  const typing = new AsYouType()
  typing.input(prefix)
  return typing.getNumber()?.number ?? prefix
}

/**
 * Reads a number as people write it with its country code (`+1 800 999 8877`, `18009998877`, `00 44 20 7946 0958`) and
 * gives E.164. The country is the number's own, not its dial code's: +1 876 is Jamaica. With `home`, an ISO 3166-1 country,
 * a number without `+` or `00` is one that people dial there. Refuses numbers that are not in use.
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

const notInUse = (country: string | undefined) => `is not a number that is in use in ${country ?? 'any country'}`

const withHint = (reason: string, phone: string): string => {
  const hint = hintFor(phone)
  return hint ? `${reason}. ${hint}` : reason
}

/** Kinds of numbers that no person reads a code on, or that pay whoever holds them for each message. */
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

/** What decides whether a message may go to a number. */
export interface Destination {
  /** ISO 3166-1; undefined for a number of no country, such as a satellite's. */
  country: string | undefined
  /** Whether the number is in use by what is known, and of a kind that a person has. */
  takesCodes: boolean
  /** Why it takes no codes, with the rule of its country where that is known; the end of a sentence about the number. */
  reason: string | undefined
}

/** Looks at an E.164 number. Numbers over the Internet pass only where `voip` allows them. */
export const destinationOf = (phone: string, { voip }: { voip: boolean }): Destination => {
  const parsed = parsePhoneNumberFromString(phone)
  const type = parsed?.getType()
  const isRefused = REFUSED_TYPES.has(type) || (type === 'VOIP' && !voip)
  const fault = !parsed?.isValid()
    ? notInUse(parsed?.country)
    : isRefused
      ? 'is of a kind that takes no codes'
      : undefined
  return { country: parsed?.country, takesCodes: fault === undefined, reason: fault && withHint(fault, phone) }
}

/** The ISO 3166-1 country of an E.164 number; undefined when it has none. */
export const countryOf = (phone: string): string | undefined => parsePhoneNumberFromString(phone)?.country
