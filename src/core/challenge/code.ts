import { createHmac, randomBytes, randomInt } from 'node:crypto'
import type { ChallengeRef } from '../terms.ts'
import { foldTyped } from '../typed-text.ts'

/** Makes a uniformly random code of `digits` decimal digits, with leading zeros (SP 800-63B-4 §3.1.3.2: at least 6). */
export const makeCode = (digits: number): string => String(randomInt(10 ** digits)).padStart(digits, '0')

/** Returns the digits of a code as users type or paste it (`123 456`, `123-456`, full-width or Arabic-Indic digits). */
export const foldCode = (typed: string): string => foldTyped(typed).replaceAll(/[^0-9]/g, '')

/** Makes the client's half of a code's key: 128 random bits, base64url. */
export const makeClientKey = (): string => randomBytes(16).toString('base64url')

/**
 * Returns the MAC that is stored in place of a code. The key has two halves: the server's pepper and `clientKey`. A
 * database dump cannot be searched for the code, not even with the server's secret. The MAC covers challenge and
 * purpose, so that a code is valid for no other request (ASVS 6.6.2).
 */
export const hashCode = (
  pepper: Uint8Array,
  { challengeId, purpose }: Omit<ChallengeRef, 'userId'>,
  clientKey: string,
  code: string,
): Buffer => createHmac('sha256', pepper).update([challengeId, purpose, clientKey, code].join('|')).digest()
