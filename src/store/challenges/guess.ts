import { sql } from 'kysely'
import type { ChallengeView, Replay } from '../../core/challenge/ports.ts'
import type { Limits } from '../../core/limits.ts'
import type { NewSession, OpenSession } from '../../core/session/ports.ts'
import type { ChallengeRef, FactorName } from '../../core/terms.ts'
import type { Database } from '../database.ts'
import { secondsLeft, secondsUntil } from '../moments.ts'
import { freshSession, insertSession, sessionColumns } from '../sessions/parts.ts'
import { isUnlocked } from '../users/factor-lock.ts'
import { nextSendAt } from '../users/next-send.ts'
import { isLive } from './parts.ts'

/** A replay is in progress while its hand-over has no outcome; after this many seconds nobody will write one. */
const LONGEST_SEND = 10

/**
 * The statements that decide who gets in, and the views of a challenge. They lock in the order of `issue-statements.ts`.
 */
export const guessStatements = (db: Database, limits: Limits) => {
  /** The lock after one more failure: twice as long at each multiple of the threshold. */
  const nextLock = sql`case when (f.failures + 1) % ${limits.failuresPerLock}::int = 0
    then now() + make_interval(secs => least(${limits.longestLock}::int,
      ${limits.firstLock}::int * power(2, (f.failures + 1) / ${limits.failuresPerLock}::int - 1)))
    end`
  const isLast = sql`f.failures + 1 >= ${limits.failuresToDisable}::int`
  const failure = sql`jsonb_build_object('user_id', f.user_id, 'factor', f.factor, 'failures', f.failures + 1)`

  return {
    /**
     * Counts, compares and spends, and keeps the account's tally: `spent` is null when no guess was taken. The event that
     * follows from a failure is only put on the row that counts it (`pending_event`): the count is committed before anything is
     * tried that may fail, and until the event is written no further guess is taken.
     *
     * The factor's lock lets one guess an account through at a time, so that the eleventh failure meets the lock that
     * the tenth has set; the user's makes whoever disables the account or logs in anew come before or after; the guard of the challenge's `update` is evaluated on its newest version, so that the sixth guess and the
     * second spending find nothing. The comparison needs no constant time: both sides are MACs under keys that no caller
     * has, so that how far they agree tells nothing about the code.
     */
    guess: db.prepare<
      ChallengeRef &
        NewSession & {
          factor: FactorName
          codeHash: Buffer
          amr: string
          deviceId: string | null
          deviceHash: Buffer | null
          bySession: string | null
        },
      {
        spent: boolean | null
        attemptsLeft: number | null
        disabled: boolean
        lockedFor: number | null
        nameIsTaken: boolean
        isPending: boolean
      } & { [M in keyof OpenSession]: OpenSession[M] | null }
    >(
      'challenge_guess',
      (p) => sql`
        with holder as materialized (
          select u.user_id, u.login_challenge_id, u.disabled_at, u.auth_epoch, f.disabled_at is not null as barred, f.phone,
            f.pending_event is not null as is_pending,
            case when not ${isUnlocked} then f.locked_until end as locked_until
          from factors f
          join users u on u.user_id = f.user_id
          where f.user_id = ${p.userId} and f.factor = ${p.factor}
          for no key update of f, u
        ), account as materialized (
          select holder.*, ${p.purpose} <> 'phone' or ${freshSession(p.bySession, limits)} as may_change from holder
        ), guess as (
          update challenges c
          set attempts = c.attempts + 1,
            consumed_at = case when c.code_hash = ${p.codeHash}::bytea then now() end
          from account u
          where c.challenge_id = ${p.challengeId} and c.user_id = u.user_id and c.purpose = ${p.purpose}
            and c.factor = ${p.factor} and ${isLive} and not u.barred and u.locked_until is null and not u.is_pending and u.may_change
          returning c.challenge_id, c.consumed_at is not null as spent, c.channel, c.new_phone,
            c.max_attempts - c.attempts as attempts_left
        ), tally as (
          update factors f
          set failures = case when guess.spent then 0 else f.failures + 1 end,
            phone = case when guess.spent then coalesce(guess.new_phone, f.phone) else f.phone end,
            locked_until = case when not guess.spent then ${nextLock} end,
            disabled_at = case when not guess.spent and ${isLast} then now() end,
            pending_event = case
              when guess.spent then null
              when ${isLast} then jsonb_build_object('type', 'factor.disabled', 'data', ${failure})
              when ${nextLock} is not null then jsonb_build_object('type', 'account.locked',
                'data', ${failure} || jsonb_build_object('until', ${nextLock}))
              end
          from guess
          where f.user_id = ${p.userId} and f.factor = ${p.factor}
          returning f.user_id, f.disabled_at is not null as disabled, f.locked_until, f.pending_event is not null as is_pending
        ), converted as (
          -- Every code of this challenge has reached somebody who logs in: conversion is of people.
          update sends s set verified_at = now()
          from guess
          where s.challenge_id = guess.challenge_id and guess.spent
        ), waiting as materialized (
          select r.*, exists (select from users other where other.username_key = r.username_key) as taken
          from registrations r join guess on guess.spent
          where r.user_id = ${p.userId} and ${p.purpose} = 'register'
        ), invited as (
          update invites i set user_id = waiting.user_id
          from waiting
          where i.invite_hash = waiting.invite_hash and i.user_id is null and i.expires_at > now() and not waiting.taken
          returning i.user_id
        ), registered as (
          update users u set username_key = waiting.username_key
          from waiting
          where u.user_id = waiting.user_id and not waiting.taken
            and (waiting.invite_hash is null or exists (select from invited))
          returning u.user_id
        ), welcomed as (
          delete from registrations r using registered where r.user_id = registered.user_id
        ), renumbered as (
          update users u set auth_epoch = u.auth_epoch + 1
          from guess
          where u.user_id = ${p.userId} and guess.spent and guess.new_phone is not null
          returning u.user_id, u.auth_epoch
        ), noticed as (
          insert into notices (user_id, challenge_id, phone)
          select account.user_id, ${p.challengeId}::uuid, account.phone from account join renumbered using (user_id)
          where account.phone is not null
        ), opened as (
          ${insertSession(p, limits, {
            acr: sql`'aal2'`,
            amr: sql`array(select jsonb_array_elements_text(${p.amr}::jsonb -> guess.channel))`,
            epoch: sql`coalesce(renumbered.auth_epoch, account.auth_epoch)`,
            former: sql`${p.bySession}::uuid`,
            from: sql`guess cross join account left join renumbered on true
              where guess.spent and (${p.purpose} <> 'register' or exists (select from registered))`,
          })}
        ), token as (
          insert into refresh_tokens (token_hash, session_id, generation)
          select ${p.refreshHash}::bytea, session_id, 0 from opened
        ), remembered as (
          insert into devices (device_id, user_id, auth_epoch, token_hash, name, address, expires_at)
          select ${p.deviceId}::uuid, user_id, auth_epoch, ${p.deviceHash}::bytea, name, address,
            now() + make_interval(secs => ${limits.deviceTtl}::int)
          from opened where ${p.deviceId}::uuid is not null
        ), told as (
          insert into events (type, data)
          select 'phone.changed', jsonb_build_object('user_id', user_id) from renumbered
          union all select 'user.registered', jsonb_build_object('user_id', user_id) from registered
          union all select 'device.remembered', jsonb_build_object('user_id', user_id, 'device_id', ${p.deviceId}::text)
          from opened where ${p.deviceId}::uuid is not null
        )
        select guess.spent, guess.attempts_left as "attemptsLeft",
          coalesce(tally.disabled, account.barred) as disabled, coalesce(tally.is_pending, account.is_pending) as "isPending",
          ${secondsUntil(sql`coalesce(tally.locked_until, account.locked_until)`)} as "lockedFor",
          coalesce((select taken from waiting), false) as "nameIsTaken", ${sessionColumns('opened', limits)}
        from account left join guess on true left join tally on true left join renumbered on true
          left join opened on true`,
    ),

    /** The challenge as its holder may see it. */
    find: db.prepare<ChallengeRef, ChallengeView>(
      'challenge_find',
      (p) => sql`
        select c.factor, c.channel, coalesce(c.new_phone, f.phone) as phone, u.locale, coalesce(s.status, 'unknown') as delivery,
          (select coalesce(jsonb_agg(jsonb_build_object('provider', provider, 'channel', channel)), '[]') from sends
            where challenge_id = c.challenge_id and status in ('undelivered', 'failed')) as failed,
          (select array_agg(factor order by created_at) from factors where user_id = c.user_id) as factors,
          case when c.consumed_at is not null then 'approved' when ${isLive} then 'waiting' else 'closed' end as state,
          c.max_attempts - c.attempts as "attemptsLeft",
          ${secondsLeft(sql`c.expires_at`)} as "expiresIn", ${secondsLeft(nextSendAt('u'))} as "resendIn"
        from challenges c
        join users u on u.user_id = c.user_id
        join factors f on f.user_id = c.user_id and f.factor = c.factor
        left join sends s on s.send_id = c.send_id
        where c.challenge_id = ${p.challengeId} and c.user_id = ${p.userId} and c.purpose = ${p.purpose}`,
      { readOnly: true },
    ),

    /** What came of the request that had this key. */
    findReplay: db.prepare<{ keyHash: Buffer; userId: string }, Replay>(
      'challenge_find_replay',
      (p) => sql`
        select k.fingerprint, k.user_id as "userId", k.challenge_id as "challengeId", k.issued_at as "issuedAt",
          k.secret_id as "secretId",
          extract(epoch from k.expires_at - k.created_at)::int as life, c.channel,
          coalesce(nullif(s.status, 'queued'), 'unknown') as delivery,
          coalesce(s.status = 'queued' and s.created_at > now() - make_interval(secs => ${LONGEST_SEND}::int), false)
            as "inProgress",
          ${secondsLeft(sql`c.expires_at`)} as "expiresIn", ${secondsLeft(nextSendAt('u'))} as "resendIn"
        from idempotency_keys k
        join challenges c on c.challenge_id = k.challenge_id
        join users u on u.user_id = c.user_id
        left join sends s on s.send_id = c.send_id
        where k.key_hash = ${p.keyHash}::bytea and k.expires_at > now()
        order by k.user_id <> ${p.userId}::uuid limit 1`,
      { readOnly: true },
    ),
  }
}
