import { createHmac } from 'node:crypto'

/** Pattern of a phone number in E.164: the plus and up to 15 digits, the first of which is not 0. */
export const E164 = '^\\+[1-9][0-9]{1,14}$'

/** Trailing digits of a number that its mask shows. */
export const SHOWN_DIGITS = 2

/** Returns a phone number as others may see it: its last digits, without its length. */
export const maskPhone = (phone: string): string => `********${phone.slice(-SHOWN_DIGITS)}`

/** Returns the HMAC-SHA-256 of a number's E.164 form, 32 bytes, for places that need not read the number. */
export const hashPhone = (key: Uint8Array, phone: string): Buffer => createHmac('sha256', key).update(phone).digest()
