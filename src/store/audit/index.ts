import { sql } from 'kysely'
import type { AuditEntry, AuditTrail } from '../../core/audit/ports.ts'
import { isTypedUuid } from '../../core/uuid.ts'
import { clean } from '../clean.ts'
import type { Database } from '../database.ts'

/** One entry, as the statement reads it from JSON. */
interface AuditRow {
  created_at: string
  event: string
  user_id: string | null
  address: string
  request_id: string | null
  facts: AuditEntry['facts']
}

/** Entries that are kept while the database is away; beyond them the oldest go. */
const MOST_KEPT = 10_000

/** Rows of one statement: few enough to be written well within the time that a statement has. */
const LARGEST_BATCH = 1_000

/** Waits before what failed is tried again, in ms; each is twice the one before. */
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

/** Whether a row is at fault and not the database: SQLSTATE classes 22 and 23. It would fail for ever. */
const isFaultOfRow = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^2[23][0-9A-Z]{3}$/.test(String(error.code))

/**
 * The audit trail in Postgres. Entries are written one batch at a time; what comes meanwhile goes with the next. A batch
 * that failed goes first when the database is back: tried again after 1 s, then after twice as long each time, at most
 * 30 s. A row that the database refuses is dropped by itself.
 *
 * `onLost` is told how many entries were lost, and why: beyond 10,000 that wait, refused, or left when all ends.
 */
export const createAuditTrail = (
  db: Database,
  { onLost }: { onLost: (count: number, error: unknown) => void },
): AuditTrail => {
  // A write whose answer was lost may have been committed: what may stand there already is looked for.
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
  /** How many at the head of the queue were in a write that failed. */
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
    // What is recorded in one go goes in one batch.
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
      // Told once a try, not once an entry: an outage must not flood the log.
      if (dropped > 0) onLost(dropped, new Error('more entries waited for the database than are kept'))
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
