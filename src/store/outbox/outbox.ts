import { type RawBuilder, sql } from 'kysely'
import { type Claimed, LONGEST_TRY, type Outbox } from '../../core/outbox.ts'
import type { Database } from '../database.ts'

type Sql = RawBuilder<unknown>

/** A table of rows that wait for delivery, with the columns `attempts` and `next_attempt_at`. */
export interface OutboxTable {
  /** The table's name. */
  name: string
  /** The key, a UUID. */
  id: string
  /**
   * Seconds from the latest end of an attempt to the next one, plus up to a tenth of jitter. There is one attempt more
   * than waits.
   */
  waits: readonly number[]
  /** The rows that are neither delivered nor given up. */
  isWaiting: Sql
  /** Marks or removes delivered rows, up to its `where`. */
  done: Sql
  /** Marks or removes given up rows, up to its `where`. */
  giveUp: Sql
  /** The query for the items in the order of delivery: `select … from claimed o …`. */
  items: (claimedColumns: Sql) => Sql
}

/** Opens an outbox in Postgres. Several instances may claim rows in parallel; each row goes to one of them at a time. */
export const createOutbox = <T>(
  db: Database,
  { name, id: key, waits, isWaiting, done, giveUp, items }: OutboxTable,
): Outbox<T> => {
  const [table, id] = [sql.ref(name), sql.ref(key)]
  const waitsOf = sql`(array[${sql.join(waits.map((seconds) => sql.lit(seconds)))}])`
  const retries = sql.lit(waits.length)

  const claim = db.prepare<{ limit: number }, T & Claimed>(
    `${name}_claim`,
    (p) => sql`
      -- The rows that are due and that no other instance holds. Materialized, or the limit might be counted anew for each row.
      with due as materialized (
        select ${id} as id, attempts from ${table}
        where ${isWaiting} and next_attempt_at <= now()
        order by next_attempt_at
        limit ${p.limit}::int
        for update skip locked
      ),
      -- All attempts are used up, and the instance of the last one recorded no result.
      given_up as (
        ${giveUp} ${id} in (select id from due where attempts > ${retries})
      ),
      -- No other instance takes the row before the next wait is over.
      claimed as (
        update ${table} o
        set attempts = o.attempts + 1,
          next_attempt_at = now() + make_interval(secs =>
            ${sql.lit(LONGEST_TRY)} + coalesce(${waitsOf}[o.attempts + 1], 0) * (1 + random() / 10))
        from due
        where o.${id} = due.id and due.attempts <= ${retries}
        returning o.*
      )
      ${items(sql`o.${id} as id, o.attempts, o.attempts > ${retries} as "isLast"`)}`,
  )
  const markDone = db.prepare<{ id: string }, unknown>(`${name}_done`, (p) => sql`${done} ${id} = ${p.id}::uuid`)
  const markGivenUp = db.prepare<{ id: string }, unknown>(
    `${name}_give_up`,
    (p) => sql`${giveUp} ${id} = ${p.id}::uuid and ${isWaiting}`,
  )

  return {
    claim: (limit) => claim({ limit }),
    done: async (id) => void (await markDone({ id })),
    giveUp: async (id) => void (await markGivenUp({ id })),
  }
}
