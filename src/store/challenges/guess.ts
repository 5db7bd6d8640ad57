import { sql } from 'kysely'
import type { ChallengeStore, GuessResult } from '../../core/challenge/ports.ts'
import type { Limits } from '../../core/limits.ts'
import type { OpenSession } from '../../core/session/ports.ts'
import type { FactorName } from '../../core/terms.ts'
import { Problem } from '../../errors.ts'
import type { Database } from '../database.ts'
import { secondsUntil } from '../moments.ts'
import { writePendingEvents } from '../outbox/pending-events.ts'
import { freshSession, openSession, sessionColumns } from '../sessions/parts.ts'
import { isUnlocked, oneMoreFailure } from '../users/factor-lock.ts'
import { isLive } from './live.ts'
import { announce, changePhone, type OutcomeParameters, openSessionOfGuess, turnIntoAccount } from './outcomes.ts'

/** The proof of a guess, and the values for the outcome of a correct one. */
interface GuessParameters extends OutcomeParameters {
  factor: FactorName
  /** The hash of the `Proof`; null for none. */
  codeHash: Buffer | null
  counter: number | null
}

/** The result of a guess. `spent` is null when the guess was not judged; the session is null unless one was opened. */
type GuessRow = {
  spent: boolean | null
  attemptsLeft: number | null
  disabled: boolean
  lockedFor: number | null
  nameIsTaken: boolean
  isPending: boolean
} & { [M in keyof OpenSession]: OpenSession[M] | null }

/**
 * True for a valid proof: the hash equals that of the challenge, the counter is above the last one of the locked factor, or
 * both. A proof without a hash and a counter is never valid.
 */
const isProven = ({ codeHash, counter }: Pick<GuessParameters, 'codeHash' | 'counter'>) => sql`
  (${codeHash}::bytea is not null or ${counter}::bigint is not null)
            and c.code_hash is not distinct from ${codeHash}::bytea
            and (${counter}::bigint is null or ${counter}::bigint > coalesce(u.counter, -1))`

/**
 * Makes `guess` of the store, the statement behind `/verify`: it counts a guess, judges its proof, spends the challenge and
 * opens the session. It has no row when the user has no such factor.
 *
 * One statement is one transaction: without a commit it returns no result. The locks are taken in the order of the
 * statements that issue codes (factor, user, challenge, ledger), so that no two of them deadlock.
 *
 * - The lock on the factor lets one guess at a time through. The eleventh failure meets the lock that the tenth has set.
 * - The lock on the user puts this guess before or after a new login and an account that is disabled.
 * - The `where` of the update on the challenge is evaluated on the newest version of the row: the sixth guess and a second
 *   correct one find nothing to update.
 * - The comparison needs no constant time. Both sides are MACs under keys that no caller has, so that its duration reveals
 *   nothing about the code.
 */
export const prepareGuess = (db: Database, limits: Limits): ChallengeStore['guess'] => {
  const failure = oneMoreFailure(limits)
  const writeEvents = writePendingEvents(db)
  const guess = db.prepare<GuessParameters, GuessRow>(
    'challenge_guess',
    (p) => sql`
      with
      -- 1. Lock the factor and its user. Guesses at the same account wait here for each other.
      holder as materialized (
        select u.user_id, u.login_challenge_id, u.disabled_at, u.auth_epoch, f.disabled_at is not null as barred, f.phone,
          f.counter, f.pending_event is not null as is_pending,
          case when not ${isUnlocked} then f.locked_until end as locked_until
        from factors f
        join users u on u.user_id = f.user_id
        where f.user_id = ${p.userId} and f.factor = ${p.factor}
        for no key update of f, u
      ),
      -- 2. Now that the user is locked: a new phone number needs a fresh session of this account.
      account as materialized (
        select holder.*, ${p.purpose} <> 'phone' or ${freshSession(p.bySession, limits)} as may_change from holder
      ),
      -- 3. Count the guess and, if the proof is valid, spend the challenge. Without a row the guess is not judged.
      guess as (
        update challenges c
        set attempts = c.attempts + 1,
          consumed_at = case when ${isProven(p)} then now() end
        from account u
        where c.challenge_id = ${p.challengeId} and c.user_id = u.user_id and c.purpose = ${p.purpose}
          and c.factor = ${p.factor} and ${isLive} and not u.barred and u.locked_until is null and not u.is_pending and u.may_change
        returning c.challenge_id, c.consumed_at is not null as spent, c.channel, c.new_phone,
          c.max_attempts - c.attempts as attempts_left
      ),
      -- 4. Keep the tally of the factor. A correct code clears it. A wrong code counts, and may lock or disable the factor.
      --    The event about that stays on the row until it is written, so that the count does not depend on the outbox.
      tally as (
        update factors f
        set failures = case when guess.spent then 0 else ${failure.count} end,
          phone = case when guess.spent then coalesce(guess.new_phone, f.phone) else f.phone end,
          counter = case when guess.spent then coalesce(${p.counter}::bigint, f.counter) else f.counter end,
          locked_until = case when not guess.spent then ${failure.lockedUntil} end,
          disabled_at = case when not guess.spent and ${failure.isLast} then now() end,
          pending_event = case when not guess.spent then ${failure.event} end
        from guess
        where f.user_id = ${p.userId} and f.factor = ${p.factor}
        returning f.user_id, f.disabled_at is not null as disabled, f.locked_until, f.pending_event is not null as is_pending
      ),
      -- 5. A correct code converts every message of its challenge: the guard counts people and not codes.
      converted as (
        update sends s set verified_at = now()
        from guess
        where s.challenge_id = guess.challenge_id and guess.spent
      ),
      -- 6. A correct code for a registration makes the account (waiting, invited, registered, welcomed).
      ${turnIntoAccount(p)},
      -- 7. A correct code for a new phone number ends all other sessions and notifies the old number (renumbered, noticed).
      ${changePhone(p)},
      -- 8. A correct code opens a session and may remember the device (opened, token, remembered).
      ${openSessionOfGuess(p, limits)},
      -- 9. Write the events about 6 to 8 (announced).
      ${announce(p)}
      select guess.spent, guess.attempts_left as "attemptsLeft",
        coalesce(tally.disabled, account.barred) as disabled, coalesce(tally.is_pending, account.is_pending) as "isPending",
        ${secondsUntil(sql`coalesce(tally.locked_until, account.locked_until)`)} as "lockedFor",
        coalesce((select taken from waiting), false) as "nameIsTaken", ${sessionColumns('opened', limits)}
      from account left join guess on true left join tally on true left join renumbered on true
        left join opened on true`,
  )

  return async ({ session, device, amr, proof, bySession = null, ...ref }) => {
    const parameters = {
      ...ref,
      ...session,
      codeHash: proof.hash ?? null,
      counter: proof.counter ?? null,
      amr: JSON.stringify(amr),
      deviceId: device?.deviceId ?? null,
      deviceHash: device?.tokenHash ?? null,
      bySession,
    }
    let [row] = await guess(parameters)
    if (row?.isPending) {
      // Without this, answers that differ while an event cannot be written would reveal whether a code is correct.
      await writeEvents(ref.userId).catch((cause: unknown) => {
        throw cause instanceof Problem ? cause : new Problem('service_unavailable', { retryAfter: 5, cause })
      })
      // A guess that found the event of an earlier one was not judged.
      if (row.spent === null) [row] = await guess(parameters)
    }
    return resultOf(row)
  }
}

/** Returns what a row says of its guess. */
const resultOf = (row: GuessRow | undefined): GuessResult => {
  if (!row) return { outcome: 'gone' }
  if (row.sessionId !== null) return { outcome: 'spent', session: openSession(row as OpenSession) }
  if (row.spent) return { outcome: 'unregistered', reason: row.nameIsTaken ? 'name' : 'invite' }
  // Also for the guess that disabled the factor: it was counted, and the caller must know that the factor is disabled.
  if (row.disabled) return { outcome: 'disabled' }
  if (row.spent === false) return { outcome: 'wrong', attemptsLeft: row.lockedFor === null ? row.attemptsLeft! : 0 }
  if (row.lockedFor !== null) return { outcome: 'locked', retryAfter: row.lockedFor }
  return { outcome: 'gone' }
}
