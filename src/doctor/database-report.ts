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

/** All that the database tells, or why it tells nothing. What its own tables tell is undefined while they are not there. */
export type DatabaseReport =
  | {
      ok: true
      server: ServerFacts
      /** Whether a pooler in transaction mode is in between. */
      pooled: boolean
      clock: ReadClock
      /** The schema, and what stands in the way of a login. */
      state: DatabaseState
      service: ServiceFacts | undefined
      guard: GuardLook['state']
    }
  | { ok: false; reason: string; todo?: string }

/** What is left undefined when it cannot be had. */
const optional = <T>(work: Promise<T>): Promise<T | undefined> => work.catch(() => undefined)

const isPooled = async (database: Database, url: string): Promise<boolean> => {
  const other = createDatabase({ url, poolSize: 1, onIdleError: () => {} })
  try {
    return await isTransactionPooled(database, other)
  } finally {
    await other.close()
  }
}

/** Opens the database, asks all questions, and closes it. Never throws. */
export const readDatabase = async (
  url: string | undefined,
  { now }: { now: () => number },
): Promise<DatabaseReport> => {
  if (url === undefined) return { ok: false, reason: 'DATABASE_URL is not set' }
  let database: Database | undefined
  try {
    database = createDatabase({ url, poolSize: 1, onIdleError: () => {} })
    prepareLogin(database)
    // The first question waits for the connection; the clock is read by the second.
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
