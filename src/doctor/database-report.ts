import { createDatabase, type Database } from '../store/database.ts'
import { createGuardAdmin } from '../store/guard-admin.ts'
import { readServerFacts, readServiceFacts, type ServerFacts, type ServiceFacts } from '../store/server-facts.ts'
import type { ReadClock } from './clock-check.ts'
import type { GuardLook } from './guard-check.ts'

/** The migrations that a database lacks, and those that it has and this version does not know. */
export interface MigrationState {
  pending: readonly string[]
  unknown: readonly string[]
}

/** All that the database tells, or why it tells nothing. What its own tables tell is undefined while they are not there. */
export type DatabaseReport =
  | {
      ok: true
      server: ServerFacts
      clock: ReadClock
      migrations: MigrationState
      service: ServiceFacts | undefined
      guard: GuardLook['state']
    }
  | { ok: false; reason: string }

/** What is left undefined when it cannot be had. */
const optional = <T>(work: Promise<T>): Promise<T | undefined> => work.catch(() => undefined)

/** Opens the database, asks all questions, and closes it. Never throws. */
export const readDatabase = async (
  url: string | undefined,
  { now, migrations }: { now: () => number; migrations: (kysely: Database['kysely']) => Promise<MigrationState> },
): Promise<DatabaseReport> => {
  if (url === undefined) return { ok: false, reason: 'DATABASE_URL is not set' }
  const database = createDatabase({ url, poolSize: 1, onIdleError: () => {} })
  try {
    // The first question waits for the connection; the clock is read by the second.
    await readServerFacts(database)
    const before = now()
    const server = await readServerFacts(database)
    const clock = { looked: "the database's", time: server.now, before, after: now(), resolution: 1 }
    return {
      ok: true,
      server,
      clock,
      // A database without the table of migrations has had none.
      migrations: await migrations(database.kysely).catch(async () => ({
        pending: ['every migration'],
        unknown: [],
      })),
      service: await optional(readServiceFacts(database)),
      guard: await optional(createGuardAdmin(database).list()),
    }
  } catch (error) {
    const { message } = error instanceof AggregateError ? (error.errors[0] as Error) : (error as Error)
    return { ok: false, reason: message.replace(/\.$/, '') }
  } finally {
    await database.close()
  }
}
