import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Repeated, Rotation } from './ports.ts'

/** The prefixes of opaque tokens, by which people and secret scanners recognize them. */
export const TOKEN_PREFIXES = { refresh: 'rt_', device: 'dt_', invite: 'inv_' } as const

/** A kind of opaque token. */
export type TokenKind = keyof typeof TOKEN_PREFIXES

/** Returns the SHA-256 that is stored in place of an opaque token. It is enough for 256 random bits. */
export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest()

/** Makes a token of 256 random bits (RFC 6749 §10.10 requires 160). */
export const makeToken = (kind: TokenKind): string => TOKEN_PREFIXES[kind] + randomBytes(32).toString('base64url')

/**
 * Derives the successor of a token: 256 bits from the token, the server's key and a salt in the database. A client that
 * lost the response can get the same successor again, although the successor is stored nowhere.
 */
const successorOf = (kind: TokenKind, token: string, salt: Buffer, key: Uint8Array): string =>
  TOKEN_PREFIXES[kind] + createHmac('sha256', key).update(salt).update(token).digest('base64url')

/** Prepares the rotation of a token, under the first of the keys. */
export const rotate = (
  kind: TokenKind,
  token: string,
  keys: readonly Uint8Array[],
): { rotation: Rotation; next: string } => {
  const salt = randomBytes(32)
  const next = successorOf(kind, token, salt, keys[0]!)
  return { rotation: { hash: hashToken(token), nextHash: hashToken(next), salt }, next }
}

/** Returns the successor that was given before; undefined when its key has been removed. */
export const repeat = (
  kind: TokenKind,
  token: string,
  { salt, successor }: Repeated,
  keys: readonly Uint8Array[],
): string | undefined =>
  keys.map((key) => successorOf(kind, token, salt, key)).find((next) => hashToken(next).equals(successor))
