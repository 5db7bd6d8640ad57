import { type RawBuilder, sql } from 'kysely'
import type { Database } from './database.ts'

/** How many rows of each kind were removed. */
export interface Removed {
  audit: number
  idempotencyKeys: number
  nonces: number
  passwordAttempts: number
  events: number
  budgets: number
}

/** Removes what nobody needs any more. */
export interface Housekeeping {
  /**
   * Removes audit rows older than `auditDays` (1 at least), Idempotency-Keys and nonces that have expired, password
   * attempts after an hour, events after 30 days and the counts of budgets after 90. Several instances may do so at once.
   * Throws `service_unavailable` or `overloaded` when the database does not answer; what was removed until then is gone.
   */
  prune(options: { auditDays: number }): Promise<Removed>
}

/** Rows of one statement: so few that it ends well within its time, and that nobody waits for it. */
const BATCH = 10_000

/** Housekeeping in Postgres: one statement for each batch, which leaves alone what another instance has in hand. */
export const createHousekeeping = (db: Database): Housekeeping => {
  /** Removes the rows of `table` that `isOver`, batch by batch, and returns how many. */
  const removal = <P extends object>(table: string, isOver: (places: P) => RawBuilder<unknown>) => {
    // An array, because it is made once: the limit holds whatever the plan.
    const remove = db.prepare<P, { count: number }>(
      `prune_${table}`,
      (p) => sql`
        with removed as (
          delete from ${sql.table(table)}
          where ctid = any (array(
            select ctid from ${sql.table(table)} where ${isOver(p)} limit ${sql.lit(BATCH)} for update skip locked))
          returning 1
        )
        select count(*)::int as count from removed`,
    )
    return async (given: P): Promise<number> => {
      let all = 0
      for (;;) {
        const [{ count }] = (await remove(given)) as [{ count: number }]
        all += count
        if (count < BATCH) return all
      }
    }
  }

  const audit = removal<{ days: number }>(
    'audit_events',
    (p) => sql`created_at < now() - make_interval(days => ${p.days}::int)`,
  )
  const idempotencyKeys = removal<object>('idempotency_keys', () => sql`expires_at <= now()`)
  const nonces = removal<object>('used_nonces', () => sql`expires_at <= now()`)
  // The newest time is the last one.
  const passwordAttempts = removal<object>(
    'password_attempts',
    () => sql`(times[cardinality(times)] < now() - interval '1 hour') is not false`,
  )
  // Also those that nobody was told of: without a webhook nothing else would ever take them away.
  const events = removal<object>('events', () => sql`created_at < now() - interval '30 days'`)
  const budgets = removal<object>('send_budgets', () => sql`day < (now() at time zone 'UTC')::date - 90`)

  return {
    async prune({ auditDays }) {
      return {
        audit: await audit({ days: auditDays }),
        idempotencyKeys: await idempotencyKeys({}),
        nonces: await nonces({}),
        passwordAttempts: await passwordAttempts({}),
        events: await events({}),
        budgets: await budgets({}),
      }
    },
  }
}
