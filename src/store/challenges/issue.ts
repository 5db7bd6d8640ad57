import { type RawBuilder, sql } from 'kysely'
import type { Channel, SendEntry } from '../../core/delivery/ports.ts'
import type { GuardPolicy } from '../../core/guard/rules.ts'
import type { Limits } from '../../core/limits.ts'
import type { ChallengeRef, FactorName } from '../../core/terms.ts'
import type { Database } from '../database.ts'
import { secondsUntil } from '../moments.ts'
import { insertSend } from '../sends/statements.ts'
import { freshSession } from '../sessions/parts.ts'
import { isUnlocked } from '../users/factor-lock.ts'
import { cooldownFragments, cooldownOf } from './cooldown.ts'
import { isLive } from './parts.ts'

/** What both ways to a code give to the guard and to the store of keys, flat. Without a key the last four are null. */
export interface IssueParameters extends SendEntry {
  guardApplies: boolean
  safe: boolean
  human: boolean
  number: string
  host: string
  network: string
  keyHash: Buffer | null
  fingerprint: Buffer | null
  issuedAt: number | null
  secretId: string | null
}

/** Why no code was issued, as both ways answer it. `verdict` is null when the guard was not asked. */
interface Verdict {
  verdict: 'send' | 'wait' | 'blocked' | 'check' | null
  rule: string | null
  guardRetryAfter: number | null
  repeated: boolean
}

/**
 * The statements that issue codes; what takes them back is in `withdraw-statements.ts`.
 *
 * Each is one statement in its own transaction: what it counted is committed, or it has no result. They lock in one
 * order (factor, user, challenge, what the guard counts by, ledger), so that guesses, resends and logins of one account
 * cannot deadlock; and what decides is read under the row's lock or in the guard of the `update` itself, never from the
 * statement's snapshot, so that a caller that had to wait sees what the one before it left. All times are the database's.
 */
export const issueStatements = (db: Database, limits: Limits, policy: GuardPolicy) => {
  const { cooldownIsOver, nextStep, endOfCooldown } = cooldownFragments(limits)

  /**
   * The way through, for an account that may have a code as far as `open` says: a key that nobody has used, the guard's
   * word, and the key taken. `passed` has a row for whoever came through. The guard is asked by way of the account's row,
   * so that it counts nothing where there is none.
   */
  const passage = (p: IssueParameters & ChallengeRef, open: RawBuilder<unknown>) => sql`
    prior as materialized (
      select from account
      where ${p.keyHash}::bytea is not null and account.user_id is not null
        and idempotency_key_is_taken(${p.keyHash}::bytea)
    ), verdict as materialized (
      select g.* from account cross join lateral guard_send(now(), ${JSON.stringify(policy)}::jsonb, account.user_id,
        ${p.number}, ${p.phoneHash}::bytea, ${p.prefix}, ${p.country}::text, ${p.channel}, ${p.host}, ${p.network},
        ${p.price}::numeric, ${p.safe}::boolean, ${p.human}::boolean) g
      where ${open} and ${p.guardApplies}::boolean and not exists (select from prior)
    ), keyed as (
      insert into idempotency_keys as k (key_hash, fingerprint, user_id, challenge_id, issued_at, secret_id, expires_at)
      select ${p.keyHash}::bytea, ${p.fingerprint}::bytea, account.user_id, ${p.challengeId}::uuid, ${p.issuedAt}::int,
        ${p.secretId}::text, now() + make_interval(secs => ${limits.codeTtl}::int)
      from account
      where ${open} and ${p.keyHash}::bytea is not null and not exists (select from prior)
        and not exists (select from verdict where verdict.verdict <> 'send')
      on conflict (key_hash, user_id) do update set fingerprint = excluded.fingerprint,
        challenge_id = excluded.challenge_id, issued_at = excluded.issued_at, secret_id = excluded.secret_id,
        created_at = now(), expires_at = excluded.expires_at
      where k.expires_at <= now()
      returning key_hash
    ), passed as materialized (
      select account.user_id from account
      where ${open} and not exists (select from prior)
        and not exists (select from verdict where verdict.verdict <> 'send')
        and (${p.keyHash}::bytea is null or exists (select from keyed))
    )`

  const entry = (p: SendEntry) =>
    insertSend(p, sql`challenge`, {
      address: sql`${(p as IssueParameters).host}`,
      network: sql`${(p as IssueParameters).network}`,
      // What the guard was not asked about must not count in its rules.
      known: sql`coalesce((select verdict.known from verdict), true)`,
      budgetDay: sql`(select (now() at time zone 'UTC')::date from verdict)`,
    })

  const answer = (p: IssueParameters, open: RawBuilder<unknown>) => sql`
    (select verdict.verdict from verdict), (select verdict.rule from verdict),
    (select verdict.retry_after from verdict) as "guardRetryAfter",
    ${p.keyHash}::bytea is not null and (exists (select from prior) or (${open} and not exists (select from keyed)
      and not exists (select from verdict where verdict.verdict <> 'send'))) as repeated,
    ${secondsUntil(sql`account.next_send_at`)} as "retryAfter",
    ${secondsUntil(sql`gate.next_send_at`)} as "resendIn",
    ${secondsUntil(sql`challenge.expires_at`)} as "expiresIn"`

  const mayBegin = sql`(account.usable and ${cooldownIsOver})`
  const mayReplace = sql`(account.live and not account.disabled and account.locked_until is null and ${cooldownIsOver})`

  return {
    /**
     * Opens a challenge: the user row is the gate that one caller passes per cooldown, and its pointer is what makes the
     * former challenge superseded. No row: the account is not as it was read.
     */
    begin: db.prepare<
      ChallengeRef &
        IssueParameters & {
          factor: FactorName
          phone: string | null
          authEpoch: number
          codeHash: Buffer
          pair: Buffer | null
          bySession: string | null
        },
      Verdict & {
        usable: boolean
        former: string | null
        retryAfter: number
        resendIn: number
        expiresIn: number | null
      }
    >(
      'challenge_begin',
      (p) => sql`
        with holder as materialized (
          select u.user_id, u.login_challenge_id, u.send_step, u.next_send_at, f.disabled_at is null and ${isUnlocked} as open
          from users u
          join factors f on f.user_id = u.user_id and f.factor = ${p.factor}
          where u.user_id = ${p.userId} and u.disabled_at is null and u.auth_epoch = ${p.authEpoch}
            and f.phone is not distinct from ${p.phone}::text
          for no key update of u
        ), account as materialized (
          select user_id, login_challenge_id, send_step, ${cooldownOf('holder')},
            open and (${p.purpose} <> 'phone' or ${freshSession(p.bySession, limits)}) as usable
          from holder
        ), forgiven as (
          delete from password_attempts where key = ${p.pair}::bytea
        ), ${passage(p, mayBegin)}, gate as (
          update users u
          set login_challenge_id = ${p.challengeId}::uuid, send_step = step.number, next_send_at = ${endOfCooldown}
          from account
          join passed on passed.user_id = account.user_id
          left join challenges last on last.challenge_id = account.login_challenge_id
          cross join lateral (select ${nextStep} as number) step
          where u.user_id = account.user_id
          returning u.user_id, u.next_send_at
        ), challenge as (
          insert into challenges
            (challenge_id, user_id, purpose, factor, channel, auth_epoch, send_id, new_phone, session_id, code_hash,
              max_attempts, expires_at)
          select ${p.challengeId}::uuid, user_id, ${p.purpose}, ${p.factor}, ${p.channel}, ${p.authEpoch}::int,
            ${p.sendId}::uuid, case when ${p.purpose} = 'phone' then ${p.number} end, ${p.bySession}::uuid,
            ${p.codeHash}::bytea,
            ${limits.attemptsPerChallenge}::int,
            now() + make_interval(secs => ${limits.codeTtl}::int)
          from gate
          returning challenge_id, user_id, expires_at
        ), send as (
          ${entry(p)}
        )
        select account.usable, account.login_challenge_id as former, ${answer(p, mayBegin)}
        from account left join gate on true left join challenge on true`,
    ),

    /** Gives a live challenge another code, behind the same gate as `begin`. No row: there is no such challenge. */
    replaceCode: db.prepare<
      ChallengeRef & IssueParameters & { channel: Channel; codeHash: Buffer },
      Verdict & {
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
        with owner as materialized (
          select user_id, login_challenge_id, disabled_at, auth_epoch, send_step, next_send_at from users
          where user_id = ${p.userId} and exists (select from challenges where challenge_id = ${p.challengeId})
          for no key update
        ), account as materialized (
          -- Locked, so that what the guard counts is sent: no guess spends the challenge in between.
          select u.user_id, u.send_step, ${cooldownOf('u')}, c.code_hash, c.channel, c.send_id, ${isLive} as live,
            f.disabled_at is not null as disabled,
            case when not ${isUnlocked} then f.locked_until end as locked_until
          from owner u
          join challenges c on c.user_id = u.user_id
          join factors f on f.user_id = c.user_id and f.factor = c.factor
          where c.challenge_id = ${p.challengeId} and c.purpose = ${p.purpose}
          for no key update of c
        ), ${passage(p, mayReplace)}, gate as (
          update users u
          set send_step = step.number, next_send_at = ${endOfCooldown}
          from account
          join passed on passed.user_id = account.user_id
          cross join (select null::timestamptz as consumed_at) last
          cross join lateral (select ${nextStep} as number) step
          where u.user_id = account.user_id
          returning u.user_id, u.next_send_at
        ), challenge as (
          update challenges c
          set code_hash = ${p.codeHash}::bytea, channel = ${p.channel}, send_id = ${p.sendId}::uuid
          from gate
          where c.challenge_id = ${p.challengeId}
            and c.consumed_at is null and c.expires_at > now() and c.attempts < c.max_attempts
          returning c.challenge_id, c.user_id, c.expires_at
        ), send as (
          ${entry(p)}
        )
        select account.live, account.disabled, account.code_hash as "formerCodeHash",
          account.channel as "formerChannel", account.send_id as "formerSendId",
          ${secondsUntil(sql`account.locked_until`)} as "lockedFor", ${answer(p, mayReplace)}
        from account left join gate on true left join challenge on true`,
    ),
  }
}
