import { sql } from 'kysely'
import { type ClaimedEvent, type EventOutbox, LONGEST_TRY, RETRY_WAITS } from '../../core/audit/event-ports.ts'
import type { Database } from '../database.ts'
import { writePendingEvents } from './pending-events.ts'

/** The outbox in Postgres. Several instances may claim side by side; each event goes to one of them at a time. */
export const createEventOutbox = (db: Database): EventOutbox => {
  const writeEvents = writePendingEvents(db)
  const waits = sql`(array[${sql.join(RETRY_WAITS.map((seconds) => sql.lit(seconds)))}])`
  const isLeft = sql`e.attempts <= ${sql.lit(RETRY_WAITS.length)}`

  // Materialized, or the limit might be counted anew for each row.
  const claim = db.prepare<{ limit: number }, ClaimedEvent>(
    'events_claim',
    (p) => sql`
      with due as materialized (
        select event_id from events
        where delivered_at is null and abandoned_at is null and next_attempt_at <= now()
        order by next_attempt_at
        limit ${p.limit}::int
        for update skip locked
      ), claimed as (
        update events e
        set attempts = e.attempts + case when ${isLeft} then 1 else 0 end,
          abandoned_at = case when not ${isLeft} then now() end,
          next_attempt_at = now() + make_interval(secs =>
            ${sql.lit(LONGEST_TRY)} + coalesce(${waits}[e.attempts + 1], 0) * (1 + random() / 10))
        from due
        where e.event_id = due.event_id
        returning e.*
      )
      select event_id as "eventId", type, data, created_at as "createdAt", attempts
      from claimed
      where abandoned_at is null
      order by created_at`,
  )
  const deliver = db.prepare<{ eventId: string }, unknown>(
    'events_delivered',
    (p) => sql`update events set delivered_at = now(), abandoned_at = null where event_id = ${p.eventId}::uuid`,
  )
  const abandon = db.prepare<{ eventId: string }, unknown>(
    'events_abandon',
    (p) => sql`
      update events set abandoned_at = now()
      where event_id = ${p.eventId}::uuid and delivered_at is null and abandoned_at is null`,
  )

  return {
    async claim(limit) {
      // What an instance that is gone has left; what cannot be written now waits for the next look.
      await writeEvents().catch(() => {})
      return claim({ limit })
    },
    delivered: async (eventId) => void (await deliver({ eventId })),
    abandon: async (eventId) => void (await abandon({ eventId })),
  }
}
