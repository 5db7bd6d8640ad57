import { createDatabaseLook, type DatabaseState } from '../start/database-look.ts'
import { createDatabase, type Database } from '../store/database.ts'
import { explainFault } from '../store/explain-fault.ts'
import { createGuardAdmin } from '../store/guard/index.ts'
import { prepareLogin } from '../store/readiness/login-needs.ts'
import {
  isTransactionPooled,
  readServerFacts,
  readServiceFacts,
  type ServerFacts,
  type ServiceFacts,
} from '../store/readiness/server-facts.ts'
import type { ReadClock } from './clock-check.ts'
import type { GuardLook } from './guard-check.ts'

/** The facts about the database, or the reason why it cannot be read. Facts from missing tables are undefined. */
export type DatabaseReport =
  | {
      ok: true
      server: ServerFacts
      /** True if a pooler in transaction mode is between. */
      pooled: boolean
      clock: ReadClock
      /** The state of the schema, and obstacles to a login. */
      state: DatabaseState
      service: ServiceFacts | undefined
      guard: GuardLook['state']
    }
  | { ok: false; reason: string; todo?: string }

/** Resolves to undefined if the work fails. */
const optional = <T>(work: Promise<T>): Promise<T | undefined> => work.catch(() => undefined)

const isPooled = async (database: Database, url: string): Promise<boolean> => {
  const other = createDatabase({ url, poolSize: 1, onIdleError: () => {} })
  try {
    return await isTransactionPooled(database, other)
  } finally {
    await other.close()
  }
}

/** Opens the database, reads all facts and closes it. Never throws. */
export const readDatabase = async (
  url: string | undefined,
  { now }: { now: () => number },
): Promise<DatabaseReport> => {
  if (url === undefined) return { ok: false, reason: 'DATABASE_URL is not set' }
  let database: Database | undefined
  try {
    database = createDatabase({ url, poolSize: 1, onIdleError: () => {} })
    prepareLogin(database)
    // The first query waits for the connection, so only the second one measures the clock.
    await readServerFacts(database)
    const before = now()
    const server = await readServerFacts(database)
    const clock = { looked: "the database's", time: server.now, before, after: now(), resolution: 1 }
    return {
      ok: true,
      server,
      pooled: await isPooled(database, url),
      clock,
      state: await createDatabaseLook(database)(),
      service: await optional(readServiceFacts(database)),
      guard: await optional(createGuardAdmin(database).list()),
    }
  } catch (error) {
    const { said, todo } = explainFault(error)
    return { ok: false, reason: said, ...(todo && { todo }) }
  } finally {
    await database?.close()
  }
}
