import { createHash, createHmac } from 'node:crypto'
import { Problem } from '../../errors.ts'
import type { IdempotentRequest, Replay } from './ports.ts'

/** Shortest Idempotency-Key, in characters: it guards half of a code's key, so it must not be guessable. */
export const IDEMPOTENCY_KEY_MIN_LENGTH = 16

/** Longest Idempotency-Key, in characters without its quotes. */
export const IDEMPOTENCY_KEY_MAX_LENGTH = 200

/** The parts of a request that must be equal in a repeated call. Never contains a password. */
export type RequestParts = readonly (string | undefined)[]

/** Returns a request as the store keeps it. Neither the key nor the request can be derived from it. */
export const idempotentRequest = (
  key: string,
  parts: RequestParts,
  { issuedAt, secretId }: Pick<IdempotentRequest, 'issuedAt' | 'secretId'>,
): IdempotentRequest => ({
  keyHash: createHash('sha256').update(key).digest(),
  fingerprint: createHmac('sha256', key).update(JSON.stringify(parts)).digest(),
  issuedAt,
  secretId,
})

/**
 * Derives the client's half of a code's key from secrets that only the client holds. A repeated call thus gets the same
 * token, and the token is stored nowhere. The password strengthens keys with too little randomness.
 */
export const clientKeyFrom = (key: string, challengeId: string, password: string): string =>
  createHmac('sha256', key)
    .update(`client-key\n${challengeId}\n${password}`)
    .digest()
    .subarray(0, 16)
    .toString('base64url')

/**
 * Asserts that a request equals the first one with its key. Throws `idempotency_key_reused` when it differs, and
 * `idempotency_in_progress` while the outcome of the first is open.
 */
export const assertSameRequest = (request: IdempotentRequest, replay: Replay): void => {
  if (!replay.fingerprint.equals(request.fingerprint)) throw new Problem('idempotency_key_reused')
  if (replay.inProgress) throw new Problem('idempotency_in_progress')
}
