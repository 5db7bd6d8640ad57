import { createHash, randomBytes } from 'node:crypto'

/** What keys begin with, so that whoever finds one knows what it is, and scanners for secrets do too. */
const PREFIX = 'adm_'

/** The longest life of a key, in days; a key that nobody renews must not open for ever. */
export const ADMIN_KEY_MAX_DAYS = 365

/** SHA-256, which is all that is kept of a key: of 256 random bits nothing can be searched for, so no salt and no cost. */
export const hashAdminKey = (key: string): Buffer => createHash('sha256').update(key).digest()

/** A new key: 256 random bits, base64url, behind `adm_`. */
export const newAdminKey = (): string => `${PREFIX}${randomBytes(32).toString('base64url')}`
