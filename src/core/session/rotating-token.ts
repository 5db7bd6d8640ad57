import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Repeated, Rotation } from './ports.ts'

/** What opaque tokens begin with, so that people and scanners can tell them apart. */
export const TOKEN_PREFIXES = { refresh: 'rt_', device: 'dt_', invite: 'inv_' } as const

/** A kind of opaque token. */
export type TokenKind = keyof typeof TOKEN_PREFIXES

/** What is stored in place of an opaque token: SHA-256 is enough for 256 random bits. */
export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest()

/** A new token of 256 random bits (RFC 6749 §10.10 asks for 160). */
export const makeToken = (kind: TokenKind): string => TOKEN_PREFIXES[kind] + randomBytes(32).toString('base64url')

/**
 * The token that follows this one: 256 bits that only somebody makes who has the token, the server's key and the salt from
 * the database. So the same successor can be given again to a client that lost the answer, and is stored nowhere.
 */
const successorOf = (kind: TokenKind, token: string, salt: Buffer, key: Uint8Array): string =>
  TOKEN_PREFIXES[kind] + createHmac('sha256', key).update(salt).update(token).digest('base64url')

/** Prepares to rotate a token, under the first of the keys. */
export const rotate = (
  kind: TokenKind,
  token: string,
  keys: readonly Uint8Array[],
): { rotation: Rotation; next: string } => {
  const salt = randomBytes(32)
  const next = successorOf(kind, token, salt, keys[0]!)
  return { rotation: { hash: hashToken(token), nextHash: hashToken(next), salt }, next }
}

/** The successor that was given before; undefined when the key that it was made with is gone. */
export const repeat = (
  kind: TokenKind,
  token: string,
  { salt, successor }: Repeated,
  keys: readonly Uint8Array[],
): string | undefined =>
  keys.map((key) => successorOf(kind, token, salt, key)).find((next) => hashToken(next).equals(successor))
