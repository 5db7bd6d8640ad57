import type { FactorName, Purpose } from '../terms.ts'
import type { OpenSession } from './ports.ts'

/** The claims of a pending token. */
export interface PendingClaims {
  userId: string
  challengeId: string
  purpose: Purpose
  /** The factor to prove; undefined in tokens of versions that had only one. */
  factor?: FactorName
  /** The client's half of the code's key: 128 bits, base64url. It is stored nowhere else. */
  key: string
}

/** A verified pending token, and the server's half of the code's key. */
export interface VerifiedPending extends PendingClaims {
  pepper: Uint8Array
}

/** Signs and verifies both kinds of token. */
export interface Tokens {
  /**
   * Returns the server's half of a new challenge's key, and the id of the secret behind it. Call it once for each
   * challenge: the secret may rotate a moment later, and code and token must use the same one.
   */
  secret(): { id: string; pepper: Uint8Array }
  /** Returns the time that tokens are dated by, in Unix seconds. */
  clock(): number
  /** Signs a pending token. The result is deterministic. A secret that was removed is replaced by the current one. */
  signPending(claims: PendingClaims, expiresIn: number, issuedAt: number, secretId: string): string
  /** Verifies a pending token. Throws `invalid_token`, or `challenge_invalid` for a token that has only expired. */
  verifyPending(token: string): VerifiedPending
  /**
   * Signs an access token for an open session (RFC 9068): `sub` is the user, `sid` the session, `acr`, `amr` and `auth_time`
   * are those of the login. `expiresIn` is in seconds.
   */
  signAccess(session: Omit<OpenSession, 'lasts'>): { token: string; expiresIn: number }
  /** Returns the user and session of an access token. Throws `invalid_token`. */
  verifyAccess(token: string): { userId: string; sessionId: string }
  /** Returns the keys that successors of opaque tokens are derived with; the first is for new ones. */
  successorKeys(): readonly Uint8Array[]
}
