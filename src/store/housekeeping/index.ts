import { setTimeout as sleep } from 'node:timers/promises'
import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../database.ts'
import { BATCH, prunedKinds, type Retention } from './kinds.ts'

/** How many rows of each kind were removed. */
export type Removed = Record<keyof ReturnType<typeof prunedKinds>, number>

/** What came of one run: all that was over is gone, or another instance was at it, or it was told to stop. */
export interface Pruned {
  removed: Removed
  ended: 'done' | 'busy' | 'stopped'
}

/** Removes what nobody needs any more. */
export interface Housekeeping {
  /**
   * Removes, kind by kind and in small batches with a rest after each, what is over by `docs/retention.md`. One instance
   * at a time: whoever comes upon another ends at once, and waits for nobody. A batch that has begun when `signal` comes
   * is finished and no other begun. Throws `service_unavailable` or `overloaded` when the database does not answer; what
   * was removed until then is gone.
   */
  prune(retention: Retention, signal?: AbortSignal): Promise<Pruned>
}

/** What one batch did. */
interface BatchResult {
  /** Whether it was this instance's turn. */
  mine: boolean
  /** Whether more than this batch may be up for removal. */
  full: boolean
  count: number
  also: number
}

/**
 * Whose turn it is, for the length of one statement. A lock of the transaction and not of a session, which would stay on
 * a connection of the pool, or be lost to a pooler.
 */
const TURN = sql`turn as materialized (
  select pg_try_advisory_xact_lock(hashtextextended('doorcode housekeeping', 0)) as mine
)`

/** Housekeeping in Postgres: one statement for each batch. */
export const createHousekeeping = (db: Database): Housekeeping => {
  const kinds = Object.entries(prunedKinds(sql`(select mine from turn)`)).map(([name, parts]) => ({
    name: name as keyof Removed,
    remove: db.prepare<Retention, BatchResult>(`prune_${name}`, (p): RawBuilder<BatchResult> => {
      const { due, others = [], removed, most = BATCH, also = sql`0` } = parts(p)
      return sql`
        with ${sql.join([TURN, sql`due as materialized (${due})`, ...others, sql`removed as (${removed} returning 1)`])}
        select mine, (select count(*) from due) = ${sql.lit(most)} as full, (select count(*)::int from removed) as count,
          (${also})::int as also
        from turn`
    }),
  }))

  return {
    async prune(retention, signal) {
      const removed = Object.fromEntries(kinds.map(({ name }) => [name, 0])) as Removed
      for (const { name, remove } of kinds) {
        for (;;) {
          if (signal?.aborted) return { removed, ended: 'stopped' }
          const start = performance.now()
          const [{ mine, full, count, also }] = (await remove(retention)) as [BatchResult]
          if (!mine) return { removed, ended: 'busy' }
          removed[name] += count
          // Where nothing of a full batch could be had, somebody has it in hand; there is a next time.
          if (count + also === 0 || !(full || also >= BATCH)) break
          // As long as the batch took, so that half of the time is everybody else's.
          await sleep(performance.now() - start, undefined, { ref: false, ...(signal && { signal }) }).catch(() => {})
        }
      }
      return { removed, ended: 'done' }
    },
  }
}
