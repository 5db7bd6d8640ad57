import { createHmac } from 'node:crypto'

/** Stands for a number where it need not be read again: HMAC-SHA-256 of its E.164 form, 32 bytes. */
export const hashPhone = (key: Uint8Array, phone: string): Buffer => createHmac('sha256', key).update(phone).digest()
