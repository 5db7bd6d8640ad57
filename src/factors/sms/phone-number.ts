import { type CountryCode, type NumberType, parsePhoneNumberFromString } from 'libphonenumber-js/max'

/** A number that was understood, or why it was not. */
export type ParsedPhone = { ok: true; phone: string; country: string } | { ok: false; reason: string }

/** ITU codes that belong to no country: satellites, international networks and services. */
const NO_COUNTRY = 'lies in no country (a satellite or an international service)'

/**
 * Reads a number as people write it with its country code (`+1 800 999 8877`, `18009998877`, `00 44 20 7946 0958`) and
 * gives E.164. The country is the number's own, not its dial code's: +1 876 is Jamaica. With `home`, an ISO 3166-1 country,
 * a number without `+` or `00` is one that people dial there.
 */
export const parsePhone = (written: string, home?: string): ParsedPhone => {
  const trimmed = written.trim()
  if (!/^\+?[0-9 ().-]+$/.test(trimmed)) {
    return { ok: false, reason: 'has characters that no number has; write it like +18009998877' }
  }
  const digits = trimmed.replace(/^\+|^00/, '').replaceAll(/[^0-9]/g, '')
  const isNational = home !== undefined && !/^(?:\+|00)/.test(trimmed)
  const parsed = isNational
    ? parsePhoneNumberFromString(digits, home as CountryCode)
    : parsePhoneNumberFromString(`+${digits}`)
  if (!parsed) return { ok: false, reason: 'does not start with a country code; write it like +18009998877' }
  if (!parsed.isValid())
    return { ok: false, reason: `is not a number that is in use in ${parsed.country ?? 'any country'}` }
  if (!parsed.country) return { ok: false, reason: NO_COUNTRY }
  return { ok: true, phone: parsed.number, country: parsed.country satisfies CountryCode }
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
}

/** Looks at an E.164 number. Numbers over the Internet pass only where `voip` allows them. */
export const destinationOf = (phone: string, { voip }: { voip: boolean }): Destination => {
  const parsed = parsePhoneNumberFromString(phone)
  const type = parsed?.getType()
  const isRefused = REFUSED_TYPES.has(type) || (type === 'VOIP' && !voip)
  return { country: parsed?.country, takesCodes: parsed?.isValid() === true && !isRefused }
}

/** The ISO 3166-1 country of an E.164 number; undefined when it has none. */
export const countryOf = (phone: string): string | undefined => parsePhoneNumberFromString(phone)?.country
