import { sql } from 'kysely'
import { type DueEvent, EVENT_WAITS } from '../../core/audit/event-ports.ts'
import type { Outbox } from '../../core/outbox.ts'
import type { Database } from '../database.ts'
import { createOutbox } from './outbox.ts'
import { writePendingEvents } from './pending-events.ts'

/** Opens the outbox of events. Rows stay for 30 days, with the time of their delivery or of the last attempt. */
export const createEventOutbox = (db: Database): Outbox<DueEvent> => {
  const writeEvents = writePendingEvents(db)
  const outbox = createOutbox<DueEvent>(db, {
    name: 'events',
    id: 'event_id',
    waits: EVENT_WAITS,
    isWaiting: sql`delivered_at is null and abandoned_at is null`,
    done: sql`update events set delivered_at = now(), abandoned_at = null where`,
    giveUp: sql`update events set abandoned_at = now() where`,
    items: (columns) =>
      sql`select ${columns}, type, data, created_at as "createdAt" from claimed o order by created_at`,
  })
  return {
    ...outbox,
    async claim(limit) {
      // Pending events of an instance that crashed. A failed write is retried at the next poll.
      await writeEvents().catch(() => {})
      return outbox.claim(limit)
    },
  }
}
