import { type RawBuilder, sql } from 'kysely'
import type { Limits } from '../core/limits.ts'
import type {
  BeginUndo,
  ChallengeRef,
  ChallengeView,
  Channel,
  FactorName,
  ReplaceUndo,
  SendEntry,
} from '../core/ports.ts'
import type { Database } from './database.ts'
import { insertSend } from './send-statements.ts'

/**
 * The statements that decide who gets in.
 *
 * Each is one statement in its own transaction: what it counted is committed, or it has no result. They lock in one
 * order (factor, user, challenge), so that guesses, resends and logins of one account cannot deadlock; and what
 * decides is read under the row's lock or in the guard of the `update` itself, never from the statement's snapshot, so
 * that a caller that had to wait sees what the one before it left. All times are the database's.
 */
export const challengeStatements = (db: Database, limits: Limits) => {
  /** Whole seconds until a moment: null for none, at least 1. */
  const secondsUntil = (moment: RawBuilder<unknown>) =>
    sql`case when ${moment} is not null then greatest(1, ceil(extract(epoch from ${moment} - now())))::int end`

  /** Whether the challenge `c` of the user `u` can still be answered. */
  const isLive = sql`(u.login_challenge_id = c.challenge_id and u.disabled_at is null and u.auth_epoch = c.auth_epoch
    and c.consumed_at is null and c.expires_at > now() and c.attempts < c.max_attempts)`

  const isUnlocked = sql`(f.locked_until is null or f.locked_until <= now())`

  const cooldowns = sql`${[...limits.cooldowns]}::int[]`
  const cooldownIsOver = sql`(account.next_send_at is null or account.next_send_at <= now())`

  /**
   * The step of the cooldown that a code sent now starts: one further than the last, less what quiet time took off, and
   * the first again after a login that succeeded (`last` is the user's latest challenge).
   */
  const nextStep = sql`case
    when last.consumed_at is not null or account.next_send_at is null then 1
    else least(cardinality(${cooldowns}), 1 + greatest(0, account.send_step
      - floor(extract(epoch from now() - account.next_send_at) / ${limits.cooldownDecay}::int)::int))
    end`
  const nextSendAt = sql`now() + make_interval(secs => (${cooldowns})[step.number])`

  /** The lock after one more failure: twice as long at each multiple of the threshold. */
  const nextLock = sql`case when (f.failures + 1) % ${limits.failuresPerLock}::int = 0
    then now() + make_interval(secs => least(${limits.longestLock}::int,
      ${limits.firstLock}::int * power(2, (f.failures + 1) / ${limits.failuresPerLock}::int - 1)))
    end`

  return {
    /**
     * Opens a challenge: the user row is the gate that one caller passes per cooldown, and its pointer is what makes the
     * former challenge superseded. No row: the account is not as it was read.
     */
    begin: db.prepare<
      ChallengeRef & {
        factor: FactorName
        channel: Channel
        phone: string | null
        authEpoch: number
        codeHash: Buffer
      } & SendEntry,
      { usable: boolean; former: string | null; retryAfter: number; resendIn: number; expiresIn: number | null }
    >(
      'challenge_begin',
      (p) => sql`
        with account as materialized (
          select u.user_id, u.login_challenge_id, u.send_step, u.next_send_at,
            f.disabled_at is null and ${isUnlocked} as usable
          from users u
          join factors f on f.user_id = u.user_id and f.factor = ${p.factor}
          where u.user_id = ${p.userId} and u.disabled_at is null and u.auth_epoch = ${p.authEpoch}
            and f.phone is not distinct from ${p.phone}::text
          for no key update of u
        ), gate as (
          update users u
          set login_challenge_id = ${p.challengeId}::uuid, send_step = step.number, next_send_at = ${nextSendAt}
          from account
          left join challenges last on last.challenge_id = account.login_challenge_id
          cross join lateral (select ${nextStep} as number) step
          where u.user_id = account.user_id and account.usable and ${cooldownIsOver}
          returning u.user_id, u.next_send_at
        ), challenge as (
          insert into challenges
            (challenge_id, user_id, purpose, factor, channel, auth_epoch, send_id, code_hash, max_attempts, expires_at)
          select ${p.challengeId}::uuid, user_id, ${p.purpose}, ${p.factor}, ${p.channel}, ${p.authEpoch}::int,
            ${p.sendId}::uuid, ${p.codeHash}::bytea, ${limits.attemptsPerChallenge}::int, now() + make_interval(secs => ${limits.codeTtl}::int)
          from gate
          returning challenge_id, user_id, expires_at
        ), send as (
          ${insertSend(p, sql`challenge`)}
        )
        select account.usable, account.login_challenge_id as former,
          ${secondsUntil(sql`account.next_send_at`)} as "retryAfter",
          ${secondsUntil(sql`gate.next_send_at`)} as "resendIn",
          ${secondsUntil(sql`challenge.expires_at`)} as "expiresIn"
        from account left join gate on true left join challenge on true`,
    ),

    /** Takes `begin` back, unless a newer challenge has come since. */
    withdrawBegin: db.prepare<ChallengeRef & BeginUndo, unknown>(
      'challenge_withdraw_begin',
      (p) => sql`
        with account as (
          update users
          set login_challenge_id = ${p.formerChallengeId}::uuid, send_step = greatest(0, send_step - 1), next_send_at = now()
          where user_id = ${p.userId} and login_challenge_id = ${p.challengeId}
          returning user_id
        )
        delete from challenges c using account
        where c.challenge_id = ${p.challengeId} and c.user_id = account.user_id and c.consumed_at is null`,
    ),

    /** Gives a live challenge another code, behind the same gate as `begin`. No row: there is no such challenge. */
    replaceCode: db.prepare<
      ChallengeRef & { codeHash: Buffer } & SendEntry,
      {
        live: boolean
        disabled: boolean
        lockedFor: number | null
        retryAfter: number
        resendIn: number | null
        expiresIn: number | null
        formerCodeHash: Buffer
        formerChannel: string
        formerSendId: string | null
      }
    >(
      'challenge_replace_code',
      (p) => sql`
        with account as materialized (
          select u.user_id, u.send_step, u.next_send_at, c.code_hash, c.channel, c.send_id, ${isLive} as live,
            f.disabled_at is not null as disabled,
            case when not ${isUnlocked} then f.locked_until end as locked_until
          from challenges c
          join users u on u.user_id = c.user_id
          join factors f on f.user_id = c.user_id and f.factor = c.factor
          where c.challenge_id = ${p.challengeId} and c.user_id = ${p.userId} and c.purpose = ${p.purpose}
          for no key update of u
        ), gate as (
          update users u
          set send_step = step.number, next_send_at = ${nextSendAt}
          from account
          cross join (select null::timestamptz as consumed_at) last
          cross join lateral (select ${nextStep} as number) step
          where u.user_id = account.user_id and account.live and not account.disabled and account.locked_until is null
            and ${cooldownIsOver}
          returning u.user_id, u.next_send_at
        ), challenge as (
          update challenges c
          set code_hash = ${p.codeHash}::bytea, channel = ${p.channel}, send_id = ${p.sendId}::uuid
          from gate
          where c.challenge_id = ${p.challengeId}
            and c.consumed_at is null and c.expires_at > now() and c.attempts < c.max_attempts
          returning c.challenge_id, c.user_id, c.expires_at
        ), send as (
          ${insertSend(p, sql`challenge`)}
        )
        select account.live, account.disabled, account.code_hash as "formerCodeHash",
          account.channel as "formerChannel", account.send_id as "formerSendId",
          ${secondsUntil(sql`account.locked_until`)} as "lockedFor",
          ${secondsUntil(sql`account.next_send_at`)} as "retryAfter",
          ${secondsUntil(sql`gate.next_send_at`)} as "resendIn",
          ${secondsUntil(sql`challenge.expires_at`)} as "expiresIn"
        from account left join gate on true left join challenge on true`,
    ),

    /** Takes `replaceCode` back, unless yet another code has come since. */
    withdrawReplace: db.prepare<ChallengeRef & ReplaceUndo, unknown>(
      'challenge_withdraw_replace',
      (p) => sql`
        with account as (
          update users set send_step = greatest(0, send_step - 1), next_send_at = now()
          where user_id = ${p.userId} and login_challenge_id = ${p.challengeId}
            and exists (select from challenges where challenge_id = ${p.challengeId} and code_hash = ${p.codeHash}::bytea)
          returning user_id
        )
        update challenges c
        set code_hash = ${p.formerCodeHash}::bytea, channel = ${p.formerChannel}, send_id = ${p.formerSendId}::uuid
        from account
        where c.challenge_id = ${p.challengeId} and c.user_id = account.user_id and c.code_hash = ${p.codeHash}::bytea`,
    ),

    /**
     * Counts, compares and spends, and keeps the account's tally: `spent` is null when no guess was taken.
     *
     * The factor's lock lets one guess an account through at a time, so that the eleventh failure meets the lock that
     * the tenth has set; the share of the user's makes whoever disables the account or logs in anew come before or after; the guard of the challenge's `update` is evaluated on its newest version, so that the sixth
     * guess and the second spending find nothing. The comparison needs no constant time: both sides are MACs under keys
     * that no caller has, so that how far they agree tells nothing about the code.
     */
    guess: db.prepare<
      ChallengeRef & { factor: FactorName; codeHash: Buffer },
      {
        spent: boolean | null
        channel: Channel | null
        attemptsLeft: number | null
        disabled: boolean
        lockedFor: number | null
      }
    >(
      'challenge_guess',
      (p) => sql`
        with account as materialized (
          select u.user_id, u.login_challenge_id, u.disabled_at, u.auth_epoch, f.disabled_at is not null as barred,
            case when not ${isUnlocked} then f.locked_until end as locked_until
          from factors f
          join users u on u.user_id = f.user_id
          where f.user_id = ${p.userId} and f.factor = ${p.factor}
          for no key update of f for share of u
        ), guess as (
          update challenges c
          set attempts = c.attempts + 1,
            consumed_at = case when c.code_hash = ${p.codeHash}::bytea then now() end
          from account u
          where c.challenge_id = ${p.challengeId} and c.user_id = u.user_id and c.purpose = ${p.purpose}
            and c.factor = ${p.factor} and ${isLive} and not u.barred and u.locked_until is null
          returning c.consumed_at is not null as spent, c.channel, c.max_attempts - c.attempts as attempts_left
        ), tally as (
          update factors f
          set failures = case when guess.spent then 0 else f.failures + 1 end,
            locked_until = case when not guess.spent then ${nextLock} end,
            disabled_at = case when not guess.spent and f.failures + 1 >= ${limits.failuresToDisable}::int then now() end
          from guess
          where f.user_id = ${p.userId} and f.factor = ${p.factor}
          returning f.disabled_at is not null as disabled, f.locked_until
        )
        select guess.spent, guess.channel, guess.attempts_left as "attemptsLeft",
          coalesce(tally.disabled, account.barred) as disabled,
          ${secondsUntil(sql`coalesce(tally.locked_until, account.locked_until)`)} as "lockedFor"
        from account left join guess on true left join tally on true`,
    ),

    /** The challenge as its holder may see it. */
    find: db.prepare<ChallengeRef, ChallengeView>(
      'challenge_find',
      (p) => sql`
        select c.factor, c.channel, f.phone, u.locale, coalesce(s.status, 'unknown') as delivery,
          (select coalesce(jsonb_agg(jsonb_build_object('provider', provider, 'channel', channel)), '[]') from sends
            where challenge_id = c.challenge_id and status in ('undelivered', 'failed')) as failed,
          (select array_agg(factor order by created_at) from factors where user_id = c.user_id) as factors,
          case when c.consumed_at is not null then 'approved' when ${isLive} then 'waiting' else 'closed' end as state,
          c.max_attempts - c.attempts as "attemptsLeft",
          greatest(0, ceil(extract(epoch from c.expires_at - now())))::int as "expiresIn",
          coalesce(greatest(0, ceil(extract(epoch from u.next_send_at - now()))), 0)::int as "resendIn"
        from challenges c
        join users u on u.user_id = c.user_id
        join factors f on f.user_id = c.user_id and f.factor = c.factor
        left join sends s on s.send_id = c.send_id
        where c.challenge_id = ${p.challengeId} and c.user_id = ${p.userId} and c.purpose = ${p.purpose}`,
      { readOnly: true },
    ),
  }
}
