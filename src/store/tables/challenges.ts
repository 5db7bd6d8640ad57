import type { Generated } from 'kysely'

/** A challenge. Only the one in the user's `login_challenge_id` accepts guesses. */
export interface ChallengesTable {
  challenge_id: string
  user_id: string
  purpose: string
  factor: string
  channel: string | null
  auth_epoch: number
  code_hash: Buffer | null
  options: Generated<unknown>
  attempts: Generated<number>
  max_attempts: number
  send_id: string | null
  new_phone: Generated<string | null>
  session_id: Generated<string | null>
  created_at: Generated<Date>
  expires_at: Date
  consumed_at: Date | null
}

/** The Idempotency-Key of a request that may be repeated. */
export interface IdempotencyKeysTable {
  key_hash: Buffer
  fingerprint: Buffer
  user_id: string
  challenge_id: string
  issued_at: number
  created_at: Generated<Date>
  expires_at: Date
}

/** A nonce that must not be used again. */
export interface UsedNoncesTable {
  nonce_hash: Buffer
  expires_at: Date
}
