import { setTimeout as sleep } from 'node:timers/promises'
import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../database.ts'
import { BATCH, type Retention, retentionRules } from './retention-rules.ts'

/** The number of removed rows by retention rule. */
export type Removed = Record<keyof ReturnType<typeof retentionRules>, number>

/** The result of one run: all expired data is removed, another instance is pruning, or `signal` stopped the run. */
export interface Pruned {
  removed: Removed
  ended: 'done' | 'busy' | 'stopped'
}

/** Deletes expired data. */
export interface Housekeeping {
  /**
   * Removes the data that has expired by `docs/retention.md`, rule by rule, in small batches with a pause after each. Only
   * one instance prunes at a time: a run that finds another one ends at once. When `signal` aborts, the current batch ends
   * and no other begins. Throws `service_unavailable` or `overloaded` when the database does not answer; earlier batches
   * stay removed.
   */
  prune(retention: Retention, signal?: AbortSignal): Promise<Pruned>
}

/** The result of one batch. */
interface BatchResult {
  /** True when this instance had the lock. */
  mine: boolean
  /** True when the batch was full, so that more rows may have expired. */
  full: boolean
  /** Rows removed by the rule. */
  count: number
  /** Dependent rows removed, such as tokens of a session that stays for now. */
  also: number
}

/**
 * Takes the housekeeping lock for one statement. It is a lock of the transaction: a session lock would stay on a connection
 * of the pool, or get lost in a pooler.
 */
const TURN = sql`turn as materialized (
  select pg_try_advisory_xact_lock(hashtextextended('doorcode housekeeping', 0)) as mine
)`

/** Creates the housekeeping in Postgres, which runs one statement per batch. */
export const createHousekeeping = (db: Database): Housekeeping => {
  const rules = Object.entries(retentionRules(sql`(select mine from turn)`)).map(([name, stepsFor]) => ({
    name: name as keyof Removed,
    remove: db.prepare<Retention, BatchResult>(`prune_${name}`, (p): RawBuilder<BatchResult> => {
      const { due, others = [], removed, most = BATCH, also = sql`0` } = stepsFor(p)
      return sql`
        with ${sql.join([TURN, sql`due as materialized (${due})`, ...others, sql`removed as (${removed} returning 1)`])}
        select mine, (select count(*) from due) = ${sql.lit(most)} as full, (select count(*)::int from removed) as count,
          (${also})::int as also
        from turn`
    }),
  }))

  return {
    async prune(retention, signal) {
      const removed = Object.fromEntries(rules.map(({ name }) => [name, 0])) as Removed
      for (const { name, remove } of rules) {
        for (;;) {
          if (signal?.aborted) return { removed, ended: 'stopped' }
          const start = performance.now()
          const [{ mine, full, count, also }] = (await remove(retention)) as [BatchResult]
          if (!mine) return { removed, ended: 'busy' }
          removed[name] += count
          // A full batch without removed rows is locked by other callers; the next run removes it.
          if (count + also === 0 || !(full || also >= BATCH)) break
          // Pause for as long as the batch took, which leaves half of the time to other callers.
          await sleep(performance.now() - start, undefined, { ref: false, ...(signal && { signal }) }).catch(() => {})
        }
      }
      return { removed, ended: 'done' }
    },
  }
}
