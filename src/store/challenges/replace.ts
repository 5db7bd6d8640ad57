import { sql } from 'kysely'
import type { ChallengeStore, MadeCode } from '../../core/challenge/ports.ts'
import type { GuardPolicy } from '../../core/guard/rules.ts'
import type { Limits } from '../../core/limits.ts'
import type { ChallengeRef } from '../../core/terms.ts'
import type { Database } from '../database.ts'
import { secondsUntil } from '../moments.ts'
import { cooldownFragments, cooldownOf } from '../users/cooldown.ts'
import { isUnlocked } from '../users/factor-lock.ts'
import { heldBy, type IssueParameters, issueSteps, parametersOf, type Refusal } from './issue.ts'
import { isLive } from './live.ts'

/** Another code for a challenge, and its message. */
type ReplaceParameters = ChallengeRef & IssueParameters

/**
 * `resendIn` and `expiresIn` are null when the challenge keeps its code; the former columns are for `withdrawReplace`.
 */
interface ReplaceRow extends Refusal {
  live: boolean
  disabled: boolean
  lockedFor: number | null
  resendIn: number | null
  expiresIn: number | null
  formerCodeHash: Buffer | null
  formerOptions: MadeCode['options']
  formerChannel: string | null
  formerSendId: string | null
}

/**
 * Makes `replaceCode` of the store, the statement of `/resend`: it gives a live challenge another code, behind the same gate as `begin`. The number
 * of guesses left does not change. It has no row for an unknown challenge.
 */
export const prepareReplace = (db: Database, limits: Limits, policy: GuardPolicy): ChallengeStore['replaceCode'] => {
  const { cooldownIsOver, nextStep, endOfCooldown } = cooldownFragments(limits)
  const mayIssue = sql`(account.live and not account.disabled and account.locked_until is null and ${cooldownIsOver})`

  const replace = db.prepare<ReplaceParameters, ReplaceRow>('challenge_replace_code', (p) => {
    const { passage, entry, answer } = issueSteps(p, { mayIssue, limits, policy })
    return sql`
      with
      -- 1. Lock the user.
      owner as materialized (
        select user_id, login_challenge_id, disabled_at, auth_epoch, send_step, next_send_at from users
        where user_id = ${p.userId} and exists (select from challenges where challenge_id = ${p.challengeId})
        for no key update
      ),
      -- 2. Lock the challenge, so that no guess spends it after the guard has counted the message. Read under both locks:
      --    is the challenge live, is the factor usable, and when may the next code go?
      account as materialized (
        select u.user_id, u.send_step, ${cooldownOf('u')}, c.code_hash, c.options, c.channel, c.send_id, ${isLive} as live,
          f.disabled_at is not null as disabled,
          case when not ${isUnlocked} then f.locked_until end as locked_until
        from owner u
        join challenges c on c.user_id = u.user_id
        join factors f on f.user_id = c.user_id and f.factor = c.factor
        where c.challenge_id = ${p.challengeId} and c.purpose = ${p.purpose}
        for no key update of c
      ),
      -- 3. Check the Idempotency-Key and ask the guard (prior, verdict, keyed, passed).
      ${passage},
      -- 4. Start the next cooldown.
      gate as (
        update users u
        set send_step = step.number, next_send_at = ${endOfCooldown}
        from account
        join passed on passed.user_id = account.user_id
        cross join lateral (select ${nextStep(sql`false`)} as number) step
        where u.user_id = account.user_id
        returning u.user_id, u.next_send_at
      ),
      -- 5. Replace the code.
      challenge as (
        update challenges c
        set code_hash = ${p.codeHash}::bytea, options = ${p.options}::jsonb, channel = ${p.channel}, send_id = ${p.sendId}::uuid
        from gate
        where c.challenge_id = ${p.challengeId}
          and c.consumed_at is null and c.expires_at > now() and c.attempts < c.max_attempts
        returning c.challenge_id, c.user_id, c.expires_at
      ),
      -- 6. Enter its message in the ledger.
      send as (
        ${entry}
      )
      select account.live, account.disabled, account.code_hash as "formerCodeHash",
        account.options as "formerOptions", account.channel as "formerChannel", account.send_id as "formerSendId",
        ${secondsUntil(sql`account.locked_until`)} as "lockedFor", ${answer}
      from account left join gate on true left join challenge on true`
  })

  return async (code) => {
    const { challengeId, userId, purpose, hash, request } = code
    const [row] = await replace({ ...parametersOf(code), challengeId, userId, purpose })
    if (!row) return { outcome: 'gone' }
    if (row.disabled) return { outcome: 'disabled' }
    if (row.lockedFor !== null) return { outcome: 'locked', retryAfter: row.lockedFor }
    if (!row.live) return { outcome: 'gone' }
    if (row.resendIn === null) return heldBy(row)
    const { formerCodeHash, formerOptions, formerChannel, formerSendId } = row
    return {
      outcome: 'issued',
      expiresIn: row.expiresIn!,
      resendIn: row.resendIn,
      undo: {
        formerCodeHash,
        formerOptions,
        formerChannel,
        formerSendId,
        codeHash: hash,
        keyHash: request?.keyHash ?? null,
      },
    }
  }
}
