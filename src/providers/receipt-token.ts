/**
 * The token by which some companies sign a receipt: a JWT (RFC 7519) under HS256 (RFC 7518 §3.2), whose claims hold
 * hashes of what was sent.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** The SHA-256 of some data, in lower-case hexadecimal. */
export const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex')

/** Whether a claim is this text; how long that takes does not tell where they differ. */
export const isSame = (claim: unknown, expected: string): boolean => {
  const given = Buffer.from(typeof claim === 'string' ? claim : '')
  const wanted = Buffer.from(expected)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

const decode = (part: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** The claims of a token that this secret signed, whatever its age; undefined for everything else. Never throws. */
export const verifyToken = (token: string, secret: string): Record<string, unknown> | undefined => {
  const [, header, claims, signature] = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(token) ?? []
  if (!header || !claims) return undefined
  const expected = createHmac('sha256', secret).update(`${header}.${claims}`).digest('base64url')
  // The algorithm is ours to choose: a token cannot talk us into another (RFC 8725 §3.1).
  if (!isSame(signature, expected) || decode(header)?.['alg'] !== 'HS256') return undefined
  return decode(claims)
}
