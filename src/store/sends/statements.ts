import { type RawBuilder, sql } from 'kysely'
import { DELIVERY_STATUSES, type SendEntry } from '../../core/delivery/ports.ts'
import { MOST_FREED_WAITS } from '../../core/limits.ts'
import type { ChallengeRef } from '../../core/terms.ts'
import type { Database } from '../database.ts'

/** The columns of a message that the guard counts by: the address of the request, and the day of its budgets. */
interface Origin {
  address: RawBuilder<unknown>
  network: RawBuilder<unknown>
  known: RawBuilder<unknown>
  budgetDay: RawBuilder<unknown>
  /** True when the message carries a code; true by default. */
  carriesCode?: RawBuilder<unknown>
}

/**
 * Builds the step that enters a message, if any, in the ledger for each row of `from`, which has the challenge as
 * `challenge`.
 */
export const insertSend = (
  p: { [M in keyof SendEntry]: SendEntry[M] | null },
  from: RawBuilder<unknown>,
  origin: Origin,
): RawBuilder<unknown> => sql`
  insert into sends
    (send_id, challenge_id, user_id, provider, channel, country, prefix, phone_hash, segments, price,
      address, network, known, budget_day, carries_code)
  select ${p.sendId}::uuid, challenge.challenge_id, challenge.user_id, ${p.provider}, ${p.channel}, ${p.country}::text,
    ${p.prefix}, ${p.phoneHash}::bytea, ${p.segments}::int, ${p.price}::numeric,
    ${origin.address}, ${origin.network}, ${origin.known}, ${origin.budgetDay}, ${origin.carriesCode ?? sql`true`}
  from ${from}
  where ${p.sendId}::uuid is not null
  returning send_id`

/** True when `status` lies ahead of the status of the row `s`. A final status does not change. */
const isAhead = (status: RawBuilder<unknown>) => {
  const order = sql`array[${sql.join(DELIVERY_STATUSES.map((name) => sql.lit(name)))}]`
  return sql`s.status in ('queued', 'unknown', 'sent')
    and array_position(${order}, ${status}) > array_position(${order}, s.status)`
}

/** An outcome, as the statement reads it from JSON. */
export interface SettledRow {
  send_id: string
  status: string
  message_id: string | null
  reason: string | null
  took_ms: number
}

/**
 * Prepares the statements of the ledger. They lock in the order of the challenges' statements (user, challenge, row of the
 * ledger), so that a receipt and a login cannot deadlock.
 */
export const sendStatements = (db: Database) => ({
  /**
   * Records a batch of outcomes. A receipt that came first wins; a message that never left is refunded to the budgets.
   */
  settle: db.prepare<{ rows: string }, unknown>(
    'send_settle',
    (p) => sql`
      with
      -- 1. Read the outcomes.
      outcome as materialized (
        select x.* from jsonb_to_recordset(${p.rows}::jsonb)
          as x (send_id uuid, status text, message_id text, reason text, took_ms int)
      ),
      -- 2. Lock their rows, so that no other caller refunds the same message.
      former as materialized (
        select s.send_id, s.budget_day from sends s join outcome using (send_id) order by s.send_id for update of s
      ),
      -- 3. Settle them. A message that certainly never left no longer counts in a budget.
      settled as (
        update sends s
        set status = case when ${isAhead(sql`x.status`)} then x.status else s.status end,
          message_id = coalesce(s.message_id, x.message_id),
          reason = coalesce(s.reason, x.reason), took_ms = x.took_ms, settled_at = now(),
          budget_day = case when x.status <> 'failed' or s.receipt_at is not null then s.budget_day end
        from outcome x join former o using (send_id)
        where s.send_id = x.send_id
        returning s.country, s.price, o.budget_day as day, s.budget_day is null and o.budget_day is not null as refunded
      ),
      -- 4. Add up the refunds, for each country and for all together.
      refund as (
        select scope, day, count(*) as messages, coalesce(sum(price), 0) as cost
        from settled cross join lateral (values (coalesce(country, '-')), ('*')) as scopes (scope)
        where refunded
        group by scope, day
      ),
      -- 5. Lock the budgets, in the order in which the guard locks them.
      budget as materialized (
        select b.scope, b.day from send_budgets b join refund r using (scope, day) order by b.scope desc, b.day for update of b
      )
      -- 6. Refund.
      update send_budgets b set messages = b.messages - r.messages, cost = b.cost - r.cost
      from refund r join budget using (scope, day)
      where b.scope = r.scope and b.day = r.day`,
  ),

  /** Enters a notice, which carries no code and does not pass the guard. */
  enter: db.prepare<ChallengeRef & SendEntry, unknown>('send_enter', (p) =>
    insertSend(p, sql`(values (${p.challengeId}::uuid, ${p.userId}::uuid)) challenge (challenge_id, user_id)`, {
      address: sql`null`,
      network: sql`null`,
      known: sql`true`,
      budgetDay: sql`null::date`,
      carriesCode: sql`false`,
    }),
  ),

  /**
   * Settles a failed message and enters the next one in its place. Returns no row when the challenge has a newer
   * message.
   */
  handOver: db.prepare<
    ChallengeRef & { failedSendId: string; reason: string | null; took: number } & SendEntry,
    { sendId: string }
  >(
    'send_hand_over',
    (p) => sql`
      with
      -- 1. Lock the challenge and point it at the new message, if it still carries the failed one.
      challenge as (
        update challenges c
        set send_id = ${p.sendId}::uuid
        where c.challenge_id = ${p.challengeId} and c.user_id = ${p.userId} and c.send_id = ${p.failedSendId}::uuid
        returning challenge_id, user_id
      ),
      -- 2. Settle the failed message. The new one takes its place in the budgets.
      closed as (
        update sends s
        set status = case when ${isAhead(sql`'failed'::text`)} then 'failed' else s.status end,
          reason = coalesce(s.reason, ${p.reason}::text), took_ms = ${p.took}::int, settled_at = now(),
          budget_day = case when not exists (select from challenge) then s.budget_day end
        from sends former
        where s.send_id = ${p.failedSendId}::uuid and former.send_id = s.send_id
        returning former.address, former.network, former.known, former.budget_day
      ),
      -- 3. Enter the new message, with the address of the same request.
      send as (
        ${insertSend(p, sql`challenge cross join closed`, {
          address: sql`closed.address`,
          network: sql`closed.network`,
          known: sql`closed.known`,
          budgetDay: sql`closed.budget_day`,
        })}
      )
      select send_id as "sendId" from send`,
  ),

  /** Updates the status of an entry from a receipt. Ends the user's cooldown if the live code did not arrive. */
  receive: db.prepare<
    { provider: string; sendId: string | null; messageId: string | null; status: string; reason: string | null },
    { sendId: string }
  >(
    'send_receive',
    (p) => sql`
      with
      -- 1. Find the message by its send id, or by the provider's id if the receipt has no send id.
      target as materialized (
        select s.send_id, s.challenge_id, s.user_id, u.next_send_at, c.send_id is not null as is_current
        from sends s
        left join users u on u.user_id = s.user_id
        left join challenges c on c.challenge_id = s.challenge_id and c.send_id = s.send_id
        where s.provider = ${p.provider} and s.created_at > now() - interval '3 days'
          and (s.send_id = ${p.sendId}::uuid or (${p.sendId}::uuid is null and s.message_id = ${p.messageId}))
      ),
      -- 2. Lock its user before the ledger.
      gate as materialized (
        select user_id from users where user_id in (select user_id from target) for no key update
      ),
      -- 3. Move the status, if the new one lies ahead.
      moved as (
        update sends s
        set status = ${p.status}, message_id = coalesce(s.message_id, ${p.messageId}),
          reason = coalesce(${p.reason}::text, s.reason), receipt_at = now()
        from target
        where s.send_id = target.send_id and (select count(*) from gate) >= 0 and ${isAhead(sql`${p.status}::text`)}
        returning s.send_id, target.challenge_id, target.user_id, target.next_send_at, target.is_current
      ),
      -- 4. If the live code did not arrive, end the cooldown read in step 1. A code sent meanwhile has its own cooldown.
      freed as (
        update users u set next_send_at = now()
        from moved
        where u.user_id = moved.user_id and moved.is_current and u.login_challenge_id = moved.challenge_id
          and u.next_send_at = moved.next_send_at and u.next_send_at > now()
          and u.send_step <= ${MOST_FREED_WAITS}::int and ${p.status}::text in ('undelivered', 'failed')
      )
      select send_id as "sendId" from moved`,
  ),
})
