import type { FactorName, Purpose } from '../terms.ts'
import type { OpenSession } from './ports.ts'

/** What a pending-2fa token says. */
export interface PendingClaims {
  userId: string
  challengeId: string
  purpose: Purpose
  /** The factor that is to be proved; undefined in tokens of versions that had only one. */
  factor?: FactorName
  /** The client's half of the code's key: 128 bits, base64url. It is stored nowhere else. */
  key: string
}

/** A pending token that was verified, and the server's half of the key that belongs to it. */
export interface VerifiedPending extends PendingClaims {
  pepper: Uint8Array
}

/** Signs and checks both kinds of token. */
export interface Tokens {
  /**
   * What a new challenge is keyed with, and the name of the secret it comes from. Ask once for each challenge: another
   * secret may be in force a moment later, and code and token must come from the same one.
   */
  secret(): { id: string; pepper: Uint8Array }
  /** The clock that tokens are dated by, Unix seconds. */
  clock(): number
  /** The same claims, life, date and secret give the same token. A secret that is gone is replaced by the one in force. */
  signPending(claims: PendingClaims, expiresIn: number, issuedAt: number, secretId: string): string
  /** Throws `invalid_token`, or `challenge_invalid` when nothing is wrong with the token but its age. */
  verifyPending(token: string): VerifiedPending
  /** An RFC 9068 access token that speaks for an open session. */
  signAccess(session: Omit<OpenSession, 'lasts'>): { token: string; expiresIn: number }
  /** The user and the session that an access token was issued to. Throws `invalid_token`. */
  verifyAccess(token: string): { userId: string; sessionId: string }
  /** What successors of opaque tokens are made with: the first for new ones. */
  successorKeys(): readonly Uint8Array[]
}
