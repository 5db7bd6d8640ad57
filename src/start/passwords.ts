import { availableParallelism } from 'node:os'
import type { PasswordPolicy } from '../core/account/ports.ts'
import { createHashQueue } from '../core/login/hash-queue.ts'
import type { PasswordVerifier } from '../core/login/ports.ts'
import { createArgon2id } from '../passwords/argon2id.ts'
import { createBreachRange } from '../passwords/breach-range.ts'
import { createPasswordPolicy } from '../passwords/policy.ts'
import type { Foundation } from './foundation.ts'

/** The longest time that a login waits for its password hash, in ms. */
const LONGEST_HASH_WAIT_MS = 2_000

/** The verifier of passwords, and the policy for new ones. */
export interface Passwords {
  passwords: PasswordVerifier
  passwordPolicy: PasswordPolicy
}

/**
 * Creates the verifier, with one hash per core at a time, and the policy, which rejects breached passwords if
 * `PASSWORD_BREACH_URL` is set.
 */
export const createPasswords = async ({ settings, outgoing, clock, logger }: Foundation): Promise<Passwords> => {
  const { SERVICE_NAME: serviceName, PASSWORD_BREACH_URL: breachUrl } = settings
  const queue = createHashQueue({
    concurrency: availableParallelism(),
    maxWait: LONGEST_HASH_WAIT_MS,
    now: () => performance.now(),
  })
  const passwordPolicy = createPasswordPolicy({
    serviceName,
    isBreached: breachUrl ? createBreachRange(breachUrl, { fetch: outgoing.fetch, elapsed: clock.elapsed }) : undefined,
    onUnavailable: (error) =>
      logger.warn({ event: 'breach_check_unavailable', err: error }, 'the list of breached passwords did not answer'),
  })
  return { passwords: await createArgon2id(queue), passwordPolicy }
}
