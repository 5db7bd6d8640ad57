import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { connectionTo } from '../db/connection.ts'
import { migrateAt } from '../src/start/embedded-database.ts'
import { createInstanceDatabase, DATABASE_PREFIX, dropAbandonedDatabases } from './abandoned.ts'
import { advanceDatabase, type RunSql, withDatabaseClock } from './database-clock.ts'
import { findPostgres, type PostgresChoice } from './find-postgres.ts'

/** The database of one instance. */
export interface InstanceDatabase {
  url: string
  /** Advances the clock of the database by ms. */
  advance(ms: number): Promise<void>
  /** Drops the database, and stops a server that was started for it. */
  close(): Promise<void>
  /** Does as much of that as possible while the process exits. */
  closeNow(): void
}

const withClient = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client(connectionTo(url))
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

const runAt = (url: string, work: (run: RunSql) => Promise<unknown>): Promise<unknown> =>
  withClient(url, (client) => work((text, values) => client.query(text, values)))

/** Opens a connection that shows other instances that this database is in use. */
const holdDatabase = async (url: string): Promise<pg.Client> => {
  const holder = new pg.Client(connectionTo(url))
  // The service reports faults of its database.
  holder.on('error', () => {})
  await holder.connect()
  return holder
}

/** Creates a database with the current schema on the chosen Postgres. */
export const openInstanceDatabase = async (wish: PostgresChoice, dataDir: string): Promise<InstanceDatabase> => {
  const found = await findPostgres(wish, { dataDir })
  // The name has the id of the test process, which identifies the owner of a database that is left over.
  const name = `${DATABASE_PREFIX}${process.ppid}_${randomBytes(6).toString('hex')}`
  const url = new URL(found.url)
  // Only a given Postgres is shared.
  const isShared = found.kind === 'given'
  let holder: pg.Client | undefined
  try {
    if (isShared) {
      url.pathname = `/${name}`
      holder = await withClient(found.url, async (server) => {
        await dropAbandonedDatabases(server)
        await createInstanceDatabase(server, name)
        return await holdDatabase(url.href)
      })
    }
    await migrateAt(url.href)
  } catch (error) {
    await holder?.end()
    await found.stop()
    throw error
  }
  const clocked = withDatabaseClock(url.href)
  return {
    url: clocked,
    async advance(ms) {
      await runAt(clocked, (run) => advanceDatabase(run, ms / 1000))
    },
    async close() {
      await holder?.end()
      if (isShared) await runAt(found.url, (run) => run(`drop database if exists ${name} with (force)`))
      await found.stop()
    },
    closeNow: found.stopNow,
  }
}
