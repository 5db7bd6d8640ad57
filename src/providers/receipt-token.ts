/**
 * The token by which some providers sign a receipt: a JWT (RFC 7519) with HS256 (RFC 7518 §3.2), whose claims contain
 * hashes of the request.
 */
import { hash } from 'node:crypto'
import { createVerifier } from 'fast-jwt'
import { isSameText } from '../core/same-text.ts'

/** Returns true if a claim is the SHA-256 of some data, in lower-case hexadecimal. */
export const isHashOf = (claim: unknown, data: string | Buffer): boolean =>
  typeof claim === 'string' && isSameText(claim, hash('sha256', data))

/**
 * Makes a function that returns the claims of a token signed with this secret, and an empty object for every other
 * text. A token cannot choose its algorithm (RFC 8725 §3.1). Callers check its age themselves, by the server's clock
 * and with one tolerance for all providers.
 */
export const createTokenVerifier = (secret: string): ((token: string) => Record<string, unknown>) => {
  const verify = createVerifier({ key: secret, algorithms: ['HS256'], ignoreExpiration: true, ignoreNotBefore: true })
  return (token) => {
    try {
      return verify(token)
    } catch {
      return {}
    }
  }
}
