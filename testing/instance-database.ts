import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { migrateAt } from '../src/own-database.ts'
import { advanceDatabase, prepareDatabaseClock, type RunSql } from './database-clock.ts'
import { findPostgres, type PostgresWish } from './find-postgres.ts'

/** The database of one instance. */
export interface InstanceDatabase {
  url: string
  /** Time passes in it, in ms. */
  advance(ms: number): Promise<void>
  /** Removes it, and ends what was started for it. */
  close(): Promise<void>
  /** As much of that as can be done while the process exits. */
  closeNow(): void
}

const runAt = async (url: string, work: (run: RunSql) => Promise<unknown>): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work((text, values) => client.query(text, values))
  } finally {
    await client.end()
  }
}

/** Opens a database of an instance's own, with our schema, on the Postgres that was wished for. */
export const openInstanceDatabase = async (wish: PostgresWish, dataDir: string): Promise<InstanceDatabase> => {
  const found = await findPostgres(wish, { dataDir })
  // With the number of the process whose test it is: one that stays behind is somebody's.
  const name = `doorcode_testing_${process.ppid}_${randomBytes(6).toString('hex')}`
  const url = new URL(found.url)
  // An embedded one is ours alone.
  const isShared = found.kind === 'given'
  try {
    if (isShared) {
      await runAt(found.url, (run) => run(`create database ${name}`))
      url.pathname = `/${name}`
    }
    await migrateAt(url.href)
    await runAt(url.href, prepareDatabaseClock)
  } catch (error) {
    await found.stop()
    throw error
  }
  return {
    url: url.href,
    advance: (ms) => runAt(url.href, (run) => advanceDatabase(run, ms / 1000)),
    async close() {
      if (isShared) await runAt(found.url, (run) => run(`drop database if exists ${name} with (force)`))
      await found.stop()
    },
    closeNow: found.stopNow,
  }
}
