import { createHmac, randomBytes, randomInt } from 'node:crypto'
import type { ChallengeRef } from '../terms.ts'
import { foldTyped } from '../typed-text.ts'

/** A uniformly random code of `digits` decimal digits, leading zeros kept (SP 800-63B-4 §3.1.3.2: at least 6). */
export const makeCode = (digits: number): string => String(randomInt(10 ** digits)).padStart(digits, '0')

/** The digits of a code as people type and paste it (`123 456`, `123-456`, full-width or Arabic-Indic digits). */
export const foldCode = (typed: string): string => foldTyped(typed).replaceAll(/[^0-9]/g, '')

/** The client's half of a code's key: 128 random bits, base64url. */
export const makeClientKey = (): string => randomBytes(16).toString('base64url')

/**
 * What is stored in place of a code. The pepper is the server's half of the key and `clientKey` the client's, so that
 * neither a dump nor a dump with the server's secret can be searched for the code; the challenge and its purpose are
 * covered, so that a code serves no other request (ASVS 6.6.2).
 */
export const hashCode = (
  pepper: Uint8Array,
  { challengeId, purpose }: Omit<ChallengeRef, 'userId'>,
  clientKey: string,
  code: string,
): Buffer => createHmac('sha256', pepper).update([challengeId, purpose, clientKey, code].join('|')).digest()
