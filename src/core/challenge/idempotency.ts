import { createHash, createHmac } from 'node:crypto'
import { Problem } from '../../errors.ts'
import type { IdempotentRequest, Replay } from './ports.ts'

/** Shortest Idempotency-Key, in characters: it guards half of a code's key, so it must not be guessable. */
export const IDEMPOTENCY_KEY_MIN_LENGTH = 16

/** Longest Idempotency-Key, in characters without its quotes. */
export const IDEMPOTENCY_KEY_MAX_LENGTH = 200

/** What of a request must be the same for it to be the same request; never a password. */
export type RequestParts = readonly (string | undefined)[]

/** A request under its key, as the store keeps it: neither the key nor the request can be read from it. */
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
 * The client's half of the code's key, made from secrets that the client holds and no store has, so that the same call
 * gives the same token without anybody keeping it. The password is in it for keys that are less random than they ought
 * to be.
 */
export const clientKeyFrom = (key: string, challengeId: string, password: string): string =>
  createHmac('sha256', key)
    .update(`client-key\n${challengeId}\n${password}`)
    .digest()
    .subarray(0, 16)
    .toString('base64url')

/**
 * That this is the request which came before. Throws `idempotency_key_reused` when it asks for something else, and
 * `idempotency_in_progress` while nobody knows yet what came of the first.
 */
export const assertSameRequest = (request: IdempotentRequest, replay: Replay): void => {
  if (!replay.fingerprint.equals(request.fingerprint)) throw new Problem('idempotency_key_reused')
  if (replay.inProgress) throw new Problem('idempotency_in_progress')
}
