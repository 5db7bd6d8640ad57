import { sql } from 'kysely'
import type { ChallengeStore } from '../../core/challenge/ports.ts'
import type { GuardPolicy } from '../../core/guard/rules.ts'
import type { Limits } from '../../core/limits.ts'
import type { ChallengeRef, FactorName } from '../../core/terms.ts'
import type { Database } from '../database.ts'
import { freshSession } from '../sessions/parts.ts'
import { cooldownFragments, cooldownOf } from '../users/cooldown.ts'
import { isUnlocked } from '../users/factor-lock.ts'
import { heldBy, type IssueParameters, issueSteps, parametersOf, type Refusal } from './issue.ts'

/** A new challenge and its first message. */
interface BeginParameters extends ChallengeRef, IssueParameters {
  factor: FactorName
  /** The destination of the factor, as it was read. */
  destination: string | null
  authEpoch: number
  /** The password attempt to forgive; null for none. */
  pair: Buffer | null
  /** The session that asks; null for a login or a registration. */
  bySession: string | null
}

/** `expiresIn` is null when no challenge was opened; `former` is the challenge that was superseded. */
interface BeginRow extends Refusal {
  usable: boolean
  former: string | null
  resendIn: number
  expiresIn: number | null
}

/**
 * Makes `begin` of the store, the second statement of `/login`, which opens a challenge. The row of the user is the gate that
 * one caller passes per cooldown. Its `login_challenge_id` supersedes the former challenge. No row: the account has
 * changed since it was read.
 */
export const prepareBegin = (db: Database, limits: Limits, policy: GuardPolicy): ChallengeStore['begin'] => {
  const { cooldownIsOver, nextStep, endOfCooldown } = cooldownFragments(limits)
  const begin = db.prepare<BeginParameters, BeginRow>('challenge_begin', (p) => {
    const sends = sql`(${p.sendId}::uuid is not null)`
    const mayIssue = sql`(account.usable and (${cooldownIsOver} or not ${sends}))`
    const { passage, entry, answer } = issueSteps(p, { mayIssue, limits, policy })
    return sql`
      with
      -- 1. Lock the user, unless the account was disabled or changed since it was read.
      holder as materialized (
        select u.user_id, u.login_challenge_id, u.send_step, u.next_send_at, f.disabled_at is null and ${isUnlocked} as open
        from users u
        join factors f on f.user_id = u.user_id and f.factor = ${p.factor}
        where u.user_id = ${p.userId} and u.disabled_at is null and u.auth_epoch = ${p.authEpoch}
          and f.phone is not distinct from ${p.destination}::text
        for no key update of u
      ),
      -- 2. Now that the user is locked: when may the next code be sent? A new phone number needs a fresh session as well.
      account as materialized (
        select user_id, login_challenge_id, send_step, ${cooldownOf('holder')},
          open and (${p.purpose} <> 'phone' or ${freshSession(p.bySession, limits)}) as usable
        from holder
      ),
      -- 3. The password was correct: forget the failures of this name at this address.
      forgiven as (
        delete from password_attempts where key = ${p.pair}::bytea
      ),
      -- 4. Check the Idempotency-Key and ask the guard (prior, verdict, keyed, passed).
      ${passage},
      -- 5. Point the user at the new challenge and, if it sends a message, start the cooldown. After a successful login,
      --    the waits start from the first step.
      gate as (
        update users u
        set login_challenge_id = ${p.challengeId}::uuid,
          send_step = case when ${sends} then step.number else u.send_step end,
          next_send_at = case when ${sends} then ${endOfCooldown} else u.next_send_at end
        from account
        join passed on passed.user_id = account.user_id
        left join challenges last on last.challenge_id = account.login_challenge_id
        cross join lateral (select ${nextStep(sql`last.consumed_at is not null`)} as number) step
        where u.user_id = account.user_id
        returning u.user_id, u.next_send_at
      ),
      -- 6. Open the challenge.
      challenge as (
        insert into challenges
          (challenge_id, user_id, purpose, factor, channel, auth_epoch, send_id, new_phone, session_id, code_hash,
            options, max_attempts, expires_at)
        select ${p.challengeId}::uuid, user_id, ${p.purpose}, ${p.factor}, ${p.channel}, ${p.authEpoch}::int,
          ${p.sendId}::uuid, case when ${p.purpose} = 'phone' then ${p.number} end, ${p.bySession}::uuid,
          ${p.codeHash}::bytea, ${p.options}::jsonb, ${limits.attemptsPerChallenge}::int,
          now() + make_interval(secs => ${limits.codeTtl}::int)
        from gate
        returning challenge_id, user_id, expires_at
      ),
      -- 7. Enter its message, if any, in the ledger.
      send as (
        ${entry}
      )
      select account.usable, account.login_challenge_id as former, ${answer}
      from account left join gate on true left join challenge on true`
  })

  return async (challenge) => {
    const { challengeId, userId, purpose, factor, destination, authEpoch } = challenge
    const [row] = await begin({
      challengeId,
      userId,
      purpose,
      ...parametersOf(challenge),
      factor,
      destination,
      authEpoch,
      pair: challenge.attempt?.pair ?? null,
      bySession: challenge.bySession ?? null,
    })
    if (!row?.usable) return { outcome: 'refused' }
    if (row.expiresIn === null) return heldBy(row)
    return {
      outcome: 'issued',
      expiresIn: row.expiresIn,
      resendIn: challenge.send ? row.resendIn : 0,
      undo: { formerChallengeId: row.former },
    }
  }
}
