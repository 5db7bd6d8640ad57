import { sql } from 'kysely'
import type { Database } from '../database.ts'

/** The most events that one call writes. */
const BATCH = 100

/**
 * Prepares the statement that moves pending events from the rows of factors (`factors.pending_event`) to the table of
 * events, each once. It moves those of one user, or of all users.
 */
export const writePendingEvents = (db: Database): ((userId?: string) => Promise<void>) => {
  const write = db.prepare<{ userId: string | null }, unknown>(
    'events_write_pending',
    (p) => sql`
      with waiting as materialized (
        select user_id, factor, pending_event from factors
        where pending_event is not null and (${p.userId}::uuid is null or user_id = ${p.userId}::uuid)
        order by user_id limit ${sql.lit(BATCH)} for no key update
      ), cleared as (
        update factors f set pending_event = null from waiting
        where f.user_id = waiting.user_id and f.factor = waiting.factor
        returning waiting.pending_event
      )
      insert into events (type, data) select pending_event ->> 'type', pending_event -> 'data' from cleared`,
  )
  return async (userId) => {
    await write({ userId: userId ?? null })
  }
}
