import { createHash, randomBytes } from 'node:crypto'

/** The prefix of admin keys, by which people and secret scanners recognize them. */
const PREFIX = 'adm_'

/** Longest life of a key, in days. */
export const ADMIN_KEY_MAX_DAYS = 365

/**
 * Returns the SHA-256 of a key, the only form that is stored. A key has 256 random bits, so it needs no salt and no
 * slow hash.
 */
export const hashAdminKey = (key: string): Buffer => createHash('sha256').update(key).digest()

/** Makes a key: `adm_` and 256 random bits in base64url. */
export const newAdminKey = (): string => `${PREFIX}${randomBytes(32).toString('base64url')}`
