import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { connectionTo, pinSession } from '../../db/connection.ts'
import { isBrokenConnection, isRetryable, toProblem } from './faults.ts'
import type { Tables } from './tables/index.ts'

/** A query of the query builder or of the `sql` tag. */
interface Compilable<R> {
  compile(kysely: Kysely<Tables>): CompiledQuery<R>
}

/**
 * A statement that is compiled once. Each call binds its parameters, runs in one round trip, and is committed when it
 * resolves.
 */
export type Statement<P, R> = (parameters: P) => Promise<R[]>

/** A database: a connection pool, its query builder, and a way to prepare statements. */
export interface Database {
  kysely: Kysely<Tables>
  /**
   * Compiles `build` once and prepares it on each connection under `name`. `build` gets placeholders instead of the
   * parameters' values. The statement throws `service_unavailable` when the database does not answer, and `overloaded`
   * when no connection is free in time. A read-only statement is retried after a broken connection.
   */
  prepare<P extends object, R>(
    name: string,
    build: (placeholders: P, kysely: Kysely<Tables>) => Compilable<R>,
    options?: { readOnly?: boolean },
  ): Statement<P, R>
  /** Resolves when the database answers. */
  ping(): Promise<void>
  /** Plans the statements that were prepared under these names, without running them. Throws the database's error. */
  explain(names: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** The address of the database, and the limits of its pool. */
export interface DatabaseOptions {
  url: string
  /** The largest number of open connections. */
  poolSize: number
  /** Called when an idle connection breaks. */
  onIdleError: (error: Error) => void
  /** True for migrations and tools: waits 10 s for a connection, and without a limit for a statement or a lock. */
  patient?: boolean
}

/** A placeholder for a value that each call supplies. The builder treats it as the value itself. */
class Placeholder {
  readonly key: string
  constructor(key: string) {
    this.key = key
  }
}

const placeholdersFor = <P extends object>() => new Proxy({}, { get: (_, key) => new Placeholder(String(key)) }) as P

const MAX_TRIES = 3

/** Limits in ms. The server's limits end first; `query_timeout` covers a server that no longer answers. */
const TIME_LIMITS = {
  connectionTimeoutMillis: 1_000,
  statement_timeout: 2_000,
  lock_timeout: 1_000,
  idle_in_transaction_session_timeout: 5_000,
  query_timeout: 2_500,
}

/** Limits of a patient database: only that of a connection. They are strings, because `pg` does not send the number 0. */
const PATIENT_LIMITS = {
  connectionTimeoutMillis: 10_000,
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
} as object

/**
 * Opens a pool; the first statement connects. Throws when `url` is not a valid URL, or a certificate file in it is not
 * readable.
 */
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
  // Without a listener, an idle backend that is terminated would end the process.
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
      const { sql: text, parameters } = build(placeholdersFor(), kysely).compile(kysely)
      plans.set(name, { text, values: parameters.map((value) => (value instanceof Placeholder ? null : value)) })
      return (given) =>
        run(
          {
            name,
            text,
            values: parameters.map((value) =>
              value instanceof Placeholder ? given[value.key as keyof typeof given] : value,
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
      // Kysely ends the pool only if it has run a query.
      if (!pool.ending) await pool.end()
    },
  }
}
