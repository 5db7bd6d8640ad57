import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { connectionTo, pinSession } from '../../db/connection.ts'
import { isBrokenConnection, isRetryable, toProblem } from './faults.ts'
import type { Tables } from './tables/index.ts'

/** What the query builder and the `sql` tag both make. */
interface Compilable<R> {
  compile(kysely: Kysely<Tables>): CompiledQuery<R>
}

/** A statement compiled once; each call binds it anew and runs it in one round trip, committed when it resolves. */
export type Statement<P, R> = (parameters: P) => Promise<R[]>

/** One database: a pool, its query builder, and the way to make statements. */
export interface Database {
  kysely: Kysely<Tables>
  /**
   * Compiles `build` once and prepares it on each connection under `name`. `build` gets the parameters' places instead
   * of their values. Throws `service_unavailable` when the database does not answer and `overloaded` when no connection
   * is free in time; a statement that only reads is tried a second time after a broken connection.
   */
  prepare<P extends object, R>(
    name: string,
    build: (places: P, kysely: Kysely<Tables>) => Compilable<R>,
    options?: { readOnly?: boolean },
  ): Statement<P, R>
  /** Resolves when the database answers. */
  ping(): Promise<void>
  /** Plans each statement that was prepared under one of these names and runs none. Throws the database's error. */
  explain(names: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** How to reach the database. */
export interface DatabaseOptions {
  url: string
  /** The most connections held at once. */
  poolSize: number
  /** Told of connections that broke while nobody used them. */
  onIdleError: (error: Error) => void
  /** Waits 10 s for a connection, and without a limit for a statement or a lock: for migrations and tools. */
  patient?: boolean
}

/** Stands for a value that each call supplies; the builder takes it for the value itself. */
class Place {
  readonly key: string
  constructor(key: string) {
    this.key = key
  }
}

const placesFor = <P extends object>() => new Proxy({}, { get: (_, key) => new Place(String(key)) }) as P

const MAX_TRIES = 3

/** In ms. The server gives up first; the client's own limit is for a server that no longer answers at all. */
const TIME_LIMITS = {
  connectionTimeoutMillis: 1_000,
  statement_timeout: 2_000,
  lock_timeout: 1_000,
  idle_in_transaction_session_timeout: 5_000,
  query_timeout: 2_500,
}

/** No limit but that for a connection. Texts, because `pg` does not send a number that is 0. */
const PATIENT_LIMITS = {
  connectionTimeoutMillis: 10_000,
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
} as object

/** Opens a pool without connecting: the first statement does. Throws when `url` cannot be read. */
export const createDatabase = ({ url, poolSize, onIdleError, patient = false }: DatabaseOptions): Database => {
  const pool = new pg.Pool({
    ...connectionTo(url),
    max: poolSize,
    keepAlive: true,
    idleTimeoutMillis: 30_000,
    maxLifetimeSeconds: 300,
    ...(patient ? PATIENT_LIMITS : TIME_LIMITS),
    application_name: 'doorcode',
    onConnect: pinSession,
  })
  // Without a listener one backend that is terminated while idle would end the process.
  pool.on('error', onIdleError)

  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })

  const plans = new Map<string, { text: string; values: readonly unknown[] }>()

  const run = async <R>(query: { name: string; text: string; values: unknown[] }, readOnly: boolean): Promise<R[]> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return (await pool.query(query)).rows as R[]
      } catch (error) {
        const again = isRetryable(error) || (readOnly && isBrokenConnection(error))
        if (again && tries < MAX_TRIES) continue
        throw toProblem(error, { poolIsFull: pool.totalCount >= poolSize })
      }
    }
  }

  return {
    kysely,
    prepare(name, build, { readOnly = false } = {}) {
      const { sql: text, parameters } = build(placesFor(), kysely).compile(kysely)
      plans.set(name, { text, values: parameters.map((value) => (value instanceof Place ? null : value)) })
      return (given) =>
        run(
          {
            name,
            text,
            values: parameters.map((value) =>
              value instanceof Place ? given[value.key as keyof typeof given] : value,
            ),
          },
          readOnly,
        )
    },
    async ping() {
      await run({ name: 'ping', text: 'select 1', values: [] }, true)
    },
    async explain(names) {
      for (const name of names) {
        const { text, values } = plans.get(name)!
        await pool.query({ text: `explain (costs off) ${text}`, values: [...values] })
      }
    },
    async close() {
      await kysely.destroy()
      // Which ends the pool only where a query was run by way of it.
      if (!pool.ending) await pool.end()
    },
  }
}
