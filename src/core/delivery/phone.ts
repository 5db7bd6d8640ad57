import { createHmac } from 'node:crypto'

/** Pattern of a phone number in E.164: the plus and up to 15 digits, the first of which is not 0. */
export const E164 = '^\\+[1-9][0-9]{1,14}$'

/** Digits at the end of a number that its mask shows. */
export const SHOWN_DIGITS = 2

/** Returns a number as anyone but its owner may see it: its last digits, and not even its length. */
export const maskPhone = (phone: string): string => `********${phone.slice(-SHOWN_DIGITS)}`

/** Stands for a number where it need not be read again: HMAC-SHA-256 of its E.164 form, 32 bytes. */
export const hashPhone = (key: Uint8Array, phone: string): Buffer => createHmac('sha256', key).update(phone).digest()
