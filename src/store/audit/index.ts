import { sql } from 'kysely'
import type { AuditEntry, AuditTrail } from '../../core/audit/ports.ts'
import { isTypedUuid } from '../../core/uuid.ts'
import { clean } from '../clean.ts'
import type { Database } from '../database.ts'

/** An entry, as the statement reads it from JSON. */
interface AuditRow {
  created_at: string
  event: string
  user_id: string | null
  address: string
  request_id: string | null
  facts: AuditEntry['facts']
}

/** The most entries that wait in memory while the database is unavailable; above it the oldest are dropped. */
const MOST_KEPT = 10_000

/** The most rows of one statement, so that the insert ends well within the statement timeout. */
const LARGEST_BATCH = 1_000

/** The first and the longest wait before a retry, in ms. The wait doubles after each failure. */
const FIRST_WAIT = 1_000
const LONGEST_WAIT = 30_000

const toRow = ({ event, userId, address, requestId, facts, at }: AuditEntry): AuditRow => ({
  created_at: at.toISOString(),
  event: clean(event),
  user_id: userId,
  address: clean(address),
  request_id: isTypedUuid(requestId) ? requestId : null,
  facts: Object.fromEntries(
    Object.entries(facts).map(([name, fact]) => [clean(name), typeof fact === 'string' ? clean(fact) : fact]),
  ),
})

/** Returns true for an error in the data of a row (SQLSTATE classes 22 and 23), where a retry never succeeds. */
const isFaultOfRow = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^2[23][0-9A-Z]{3}$/.test(String(error.code))

/**
 * Creates the audit trail in Postgres. It writes one batch at a time; entries that arrive meanwhile join the next batch. A
 * failed batch is retried first: after 1 s, then after twice as long each time, at most 30 s. A row that the database
 * rejects is dropped alone.
 *
 * `onLost` gets the number of lost entries and the reason. Entries are lost if the queue is full (10,000), if the database
 * rejects a row, or if the process shuts down before the write.
 */
export const createAuditTrail = (
  db: Database,
  { onLost }: { onLost: (count: number, error: unknown) => void },
): AuditTrail => {
  // A write whose response was lost may be committed, so the retry skips rows that already exist.
  const insert = db.prepare<{ rows: string; doubtful: boolean }, unknown>(
    'audit_insert',
    (p) => sql`
      insert into audit_events (created_at, event, user_id, address, request_id, facts)
      select x.created_at, x.event, x.user_id, x.address, x.request_id, x.facts
      from jsonb_to_recordset(${p.rows}::jsonb) as x
        (created_at timestamptz, event text, user_id uuid, address text, request_id uuid, facts jsonb)
      where not ${p.doubtful}::boolean or not exists (
        select from audit_events a
        where a.created_at = x.created_at and a.event = x.event and a.address = x.address and a.facts = x.facts
          and a.user_id is not distinct from x.user_id and a.request_id is not distinct from x.request_id
      )`,
  )
  let queue: AuditRow[] = []
  /** The number of entries at the head of the queue whose write failed, and may be committed. */
  let doubtful = 0
  let size = LARGEST_BATCH
  let dropped = 0
  let wait = FIRST_WAIT
  let timer: NodeJS.Timeout | undefined
  let underWay: Promise<{ fault: unknown } | undefined> | undefined

  const dropOldest = () => {
    const excess = queue.length - MOST_KEPT
    if (excess <= 0) return
    queue.splice(0, excess)
    dropped += excess
  }

  const leave = (count: number) => {
    size = LARGEST_BATCH
    doubtful = Math.max(0, doubtful - count)
  }

  const writeBatch = async (): Promise<void> => {
    const batch = queue.splice(0, size)
    try {
      await insert({ rows: JSON.stringify(batch), doubtful: doubtful > 0 })
      leave(batch.length)
    } catch (error) {
      if (isFaultOfRow(error) && batch.length === 1) {
        leave(1)
        onLost(1, error)
        return
      }
      queue.unshift(...batch)
      if (isFaultOfRow(error)) {
        size = Math.ceil(batch.length / 2)
        return
      }
      doubtful = Math.max(doubtful, batch.length)
      throw error
    }
  }

  const writeAll = async (): Promise<{ fault: unknown } | undefined> => {
    // Entries that are recorded in one tick share a batch.
    await null
    try {
      while (queue.length > 0) await writeBatch()
      wait = FIRST_WAIT
      return undefined
    } catch (fault) {
      dropOldest()
      timer = setTimeout(begin, wait).unref()
      wait = Math.min(2 * wait, LONGEST_WAIT)
      return { fault }
    } finally {
      underWay = undefined
      // Report once per attempt and not per entry, so that an outage does not flood the log.
      if (dropped > 0) onLost(dropped, new Error('the queue of entries that wait for the database is full'))
      dropped = 0
    }
  }

  const begin = () => {
    clearTimeout(timer)
    timer = undefined
    underWay ??= writeAll()
    return underWay
  }

  return {
    record(entry) {
      try {
        queue.push(toRow(entry))
      } catch (error) {
        onLost(1, error)
        return
      }
      dropOldest()
      if (!timer) void begin()
    },

    async drain() {
      await underWay
      const failure = await begin()
      if (!failure) return
      clearTimeout(timer)
      timer = undefined
      onLost(queue.length, failure.fault)
      queue = []
      doubtful = 0
    },
  }
}
