import { type RawBuilder, sql } from 'kysely'
import { MOST_FREED_WAITS } from '../core/limits.ts'
import { type ChallengeRef, DELIVERY_STATUSES, type SendEntry } from '../core/ports.ts'
import type { Database } from './database.ts'

/** Enters a hand-over in the ledger, for each row of `challenge` (which has `challenge_id` and `user_id`). */
export const insertSend = (p: SendEntry, challenge: RawBuilder<unknown>): RawBuilder<unknown> => sql`
  insert into sends
    (send_id, challenge_id, user_id, provider, channel, country, prefix, phone_hash, segments, price)
  select ${p.sendId}::uuid, challenge_id, user_id, ${p.provider}, ${p.channel}, ${p.country}::text, ${p.prefix},
    ${p.phoneHash}::bytea, ${p.segments}::int, ${p.price}::numeric
  from ${challenge}
  returning send_id`

/** Whether a status lies ahead of the one that the row `s` has. What has ended moves no more. */
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
  /** Records outcomes, many at once. A receipt that was faster keeps its word. */
  settle: db.prepare<{ rows: string }, unknown>(
    'send_settle',
    (p) => sql`
      update sends s
      set status = case when ${isAhead(sql`x.status`)} then x.status else s.status end,
        message_id = coalesce(s.message_id, x.message_id),
        reason = coalesce(s.reason, x.reason), took_ms = x.took_ms, settled_at = now()
      from jsonb_to_recordset(${p.rows}::jsonb)
        as x (send_id uuid, status text, message_id text, reason text, took_ms int)
      where s.send_id = x.send_id`,
  ),

  /** Closes the failed entry and enters the next one in its place. No row: the entry carries no challenge any more. */
  handOver: db.prepare<
    ChallengeRef & { failedSendId: string; reason: string | null; took: number } & SendEntry,
    { sendId: string }
  >(
    'send_hand_over',
    (p) => sql`
      with challenge as (
        update challenges c
        set send_id = ${p.sendId}::uuid
        where c.challenge_id = ${p.challengeId} and c.user_id = ${p.userId} and c.send_id = ${p.failedSendId}::uuid
        returning challenge_id, user_id
      ), closed as (
        update sends s
        set status = case when ${isAhead(sql`'failed'::text`)} then 'failed' else s.status end,
          reason = coalesce(s.reason, ${p.reason}::text), took_ms = ${p.took}::int, settled_at = now()
        where s.send_id = ${p.failedSendId}::uuid
      ), send as (
        ${insertSend(p, sql`challenge`)}
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
      with target as materialized (
        select s.send_id, s.challenge_id, s.user_id, u.next_send_at, c.send_id is not null as is_current
        from sends s
        left join users u on u.user_id = s.user_id
        left join challenges c on c.challenge_id = s.challenge_id and c.send_id = s.send_id
        where s.provider = ${p.provider} and s.created_at > now() - interval '3 days'
          and (s.send_id = ${p.sendId}::uuid or (${p.sendId}::uuid is null and s.message_id = ${p.messageId}))
      ), gate as materialized (
        select user_id from users where user_id in (select user_id from target) for no key update
      ), moved as (
        update sends s
        set status = ${p.status}, message_id = coalesce(s.message_id, ${p.messageId}),
          reason = coalesce(${p.reason}::text, s.reason), receipt_at = now()
        from target
        where s.send_id = target.send_id and (select count(*) from gate) >= 0 and ${isAhead(sql`${p.status}::text`)}
        returning s.send_id, target.challenge_id, target.user_id, target.next_send_at, target.is_current
      ), freed as (
        -- The wait that was read and no other: a code that was sent meanwhile has its own.
        update users u set next_send_at = now()
        from moved
        where u.user_id = moved.user_id and moved.is_current and u.login_challenge_id = moved.challenge_id
          and u.next_send_at = moved.next_send_at and u.next_send_at > now()
          and u.send_step <= ${MOST_FREED_WAITS}::int and ${p.status}::text in ('undelivered', 'failed')
      )
      select send_id as "sendId" from moved`,
  ),
})
