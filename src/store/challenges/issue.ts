import { type RawBuilder, sql } from 'kysely'
import type { Held, MadeCode } from '../../core/challenge/ports.ts'
import type { SendEntry } from '../../core/delivery/ports.ts'
import type { GuardPolicy } from '../../core/guard/rules.ts'
import type { Limits } from '../../core/limits.ts'
import type { ChallengeRef } from '../../core/terms.ts'
import { secondsUntil } from '../moments.ts'
import { insertSend } from '../sends/statements.ts'

/*
 * The shared steps of the two statements that issue a code: `begin.ts` opens a challenge, `replace.ts` gives it another
 * code. `withdraw.ts` undoes either.
 *
 * Each is one statement in its own transaction: its counts are committed, or it has no result. They lock in one order
 * (factor, user, challenge, the counts of the guard, ledger), so that guesses, resends and logins of one account cannot
 * deadlock. A decision is read under the lock of its row or in the `where` of the `update`, never from the snapshot of the
 * statement. A caller that waited thus sees the changes of the one before it. All times are the database's.
 */

/** The message of a code, and the guard's parameters for it; all null when nothing is sent. */
type Message = { [M in keyof SendEntry]: SendEntry[M] | null } & {
  [M in 'guardApplies' | 'safe' | 'human']: boolean | null
} & { [M in 'number' | 'host' | 'network']: string | null }

/** The parameters of both statements. Without an Idempotency-Key the last four are null. */
export interface IssueParameters extends Message {
  codeHash: Buffer | null
  /** JSON. */
  options: string | null
  keyHash: Buffer | null
  fingerprint: Buffer | null
  issuedAt: number | null
  secretId: string | null
}

/** The reason why no code was issued. `verdict` is null when the guard was not asked; `retryAfter` is the cooldown's. */
export interface Refusal {
  verdict: 'send' | 'wait' | 'blocked' | 'check' | null
  rule: string | null
  guardRetryAfter: number | null
  repeated: boolean
  retryAfter: number
}

/**
 * Builds the shared steps for an account that may have a code where `mayIssue` is true. They read the step `account`, the
 * locked user with `next_send_at`. They also read two later steps: `gate`, the user's row once the cooldown has started, and
 * `challenge`, the row of the challenge with its new code.
 */
export const issueSteps = (
  p: IssueParameters & ChallengeRef,
  { mayIssue, limits, policy }: { mayIssue: RawBuilder<unknown>; limits: Limits; policy: GuardPolicy },
) => {
  const hasKey = sql`(${p.keyHash}::bytea is not null)`
  const guardObjects = sql`exists (select from verdict where verdict.verdict <> 'send')`
  return {
    /** Takes the key and asks the guard. The step `passed` has a row when a code may be issued. */
    passage: sql`
        -- Is the Idempotency-Key in use? Then an earlier request has issued the code.
        prior as materialized (
          select from account
          where ${hasKey} and account.user_id is not null and idempotency_key_is_taken(${p.keyHash}::bytea)
        ),
        -- Ask the guard, which takes the message from its budgets. It is called per row of the account, so that it
        -- counts nothing without an account.
        verdict as materialized (
          select g.* from account cross join lateral guard_send(now(), ${JSON.stringify(policy)}::jsonb, account.user_id,
            ${p.number}, ${p.phoneHash}::bytea, ${p.prefix}, ${p.country}::text, ${p.channel}, ${p.host}, ${p.network},
            ${p.price}::numeric, ${p.safe}::boolean, ${p.human}::boolean) g
          where ${mayIssue} and ${p.guardApplies}::boolean and not exists (select from prior)
        ),
        -- Take the key. An expired one is taken over.
        keyed as (
          insert into idempotency_keys as k (key_hash, fingerprint, user_id, challenge_id, issued_at, secret_id, expires_at)
          select ${p.keyHash}::bytea, ${p.fingerprint}::bytea, account.user_id, ${p.challengeId}::uuid, ${p.issuedAt}::int,
            ${p.secretId}::text, now() + make_interval(secs => ${limits.codeTtl}::int)
          from account
          where ${mayIssue} and ${hasKey} and not exists (select from prior) and not ${guardObjects}
          on conflict (key_hash, user_id) do update set fingerprint = excluded.fingerprint,
            challenge_id = excluded.challenge_id, issued_at = excluded.issued_at, secret_id = excluded.secret_id,
            created_at = now(), expires_at = excluded.expires_at
          where k.expires_at <= now()
          returning key_hash
        ),
        passed as materialized (
          select account.user_id from account
          where ${mayIssue} and not exists (select from prior) and not ${guardObjects}
            and (not ${hasKey} or exists (select from keyed))
        )`,

    /** Enters the message in the ledger, for the row of `challenge`. */
    entry: insertSend(p, sql`challenge`, {
      address: sql`${p.host}`,
      network: sql`${p.network}`,
      // A message that the guard was not asked about must not count in its rules.
      known: sql`coalesce((select verdict.known from verdict), true)`,
      budgetDay: sql`(select (now() at time zone 'UTC')::date from verdict)`,
    }),

    /**
     * The columns of the result: those of a `Refusal`, and the seconds until the next code and until the code expires.
     */
    answer: sql`
          (select verdict.verdict from verdict), (select verdict.rule from verdict),
          (select verdict.retry_after from verdict) as "guardRetryAfter",
          ${hasKey} and (exists (select from prior)
            or (${mayIssue} and not exists (select from keyed) and not ${guardObjects})) as repeated,
          ${secondsUntil(sql`account.next_send_at`)} as "retryAfter",
          ${secondsUntil(sql`gate.next_send_at`)} as "resendIn",
          ${secondsUntil(sql`challenge.expires_at`)} as "expiresIn"`,
  }
}

const NO_MESSAGE = {
  sendId: null,
  provider: null,
  channel: null,
  country: null,
  prefix: null,
  phoneHash: null,
  segments: null,
  price: null,
}

/** Returns the parameters of a code that is to be issued. */
export const parametersOf = ({ hash, options, send, request }: MadeCode): IssueParameters => ({
  ...(send?.entry ?? NO_MESSAGE),
  guardApplies: send?.guard.applies ?? null,
  safe: send?.guard.safe ?? null,
  human: send?.guard.human ?? null,
  number: send?.guard.phone ?? null,
  host: send?.guard.host ?? null,
  network: send?.guard.network ?? null,
  codeHash: hash,
  options: options && JSON.stringify(options),
  keyHash: request?.keyHash ?? null,
  fingerprint: request?.fingerprint ?? null,
  issuedAt: request?.issuedAt ?? null,
  secretId: request?.secretId ?? null,
})

/** Returns the reason why a row issued no code. */
export const heldBy = (row: Refusal): Held => {
  const rule = row.rule ?? 'unknown'
  const retryAfter = row.guardRetryAfter ?? 1
  if (row.repeated) return { outcome: 'repeated' }
  if (row.verdict === 'wait') return { outcome: 'capped', rule, retryAfter }
  if (row.verdict === 'blocked') return { outcome: 'blocked', rule, retryAfter }
  if (row.verdict === 'check') return { outcome: 'check', rule }
  return { outcome: 'cooldown', retryAfter: row.retryAfter }
}
