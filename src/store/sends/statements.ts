import { type RawBuilder, sql } from 'kysely'
import { DELIVERY_STATUSES, type SendEntry } from '../../core/delivery/ports.ts'
import { MOST_FREED_WAITS } from '../../core/limits.ts'
import type { ChallengeRef } from '../../core/terms.ts'
import type { Database } from '../database.ts'

/** The columns of a message that the guard counts by: the address that asked, and the budgets it was taken from. */
interface Origin {
  address: RawBuilder<unknown>
  network: RawBuilder<unknown>
  known: RawBuilder<unknown>
  budgetDay: RawBuilder<unknown>
  /** True when the message carries a code; true by default. */
  carriesCode?: RawBuilder<unknown>
}

/** Enters a message in the ledger, if there is one, for each row of `from`, which has the challenge as `challenge`. */
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

/** One outcome, as the statement reads it from JSON. */
export interface SettledRow {
  send_id: string
  status: string
  message_id: string | null
  reason: string | null
  took_ms: number
}

/**
 * The statements of the ledger. They lock in the order of those of the challenges (user, challenge, row of the ledger),
 * leaving out what they do not touch, so that a receipt and a login cannot deadlock.
 */
export const sendStatements = (db: Database) => ({
  /** Records outcomes, many at once. A receipt that came first wins; a message that never left goes back to the budgets. */
  settle: db.prepare<{ rows: string }, unknown>(
    'send_settle',
    (p) => sql`
      with
      -- 1. Read the outcomes.
      outcome as materialized (
        select x.* from jsonb_to_recordset(${p.rows}::jsonb)
          as x (send_id uuid, status text, message_id text, reason text, took_ms int)
      ),
      -- 2. Lock their rows, so that no other caller gives the same message back to the budgets.
      former as materialized (
        select s.send_id, s.budget_day from sends s join outcome using (send_id) order by s.send_id for update of s
      ),
      -- 3. Settle them. A message that surely never left is taken from no budget any more.
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
      -- 4. Add up what goes back, for each country and for all together.
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
      -- 6. Give it back.
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

  /** Settles a failed message and enters the next one in its place. No row: the challenge has another message by now. */
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
      -- 2. Settle the failed message. Its place in the budgets goes over to the new one.
      closed as (
        update sends s
        set status = case when ${isAhead(sql`'failed'::text`)} then 'failed' else s.status end,
          reason = coalesce(s.reason, ${p.reason}::text), took_ms = ${p.took}::int, settled_at = now(),
          budget_day = case when not exists (select from challenge) then s.budget_day end
        from sends former
        where s.send_id = ${p.failedSendId}::uuid and former.send_id = s.send_id
        returning former.address, former.network, former.known, former.budget_day
      ),
      -- 3. Enter the new message, asked for from the same address.
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

  /** Moves one entry by a receipt and, where the live code did not arrive, ends the account's cooldown. */
  receive: db.prepare<
    { provider: string; sendId: string | null; messageId: string | null; status: string; reason: string | null },
    { sendId: string }
  >(
    'send_receive',
    (p) => sql`
      with
      -- 1. Find the message by our id, or by the provider's where the receipt has no id of ours.
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
      -- 4. The live code did not arrive: end the cooldown that was read in step 1. A code sent meanwhile has its own.
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
