import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import type { Test } from 'tap'

/** What the suite's Postgres is, as `postgres-before.ts` leaves it for the test files. */
export interface SuitePostgres {
  /** An account that may create databases. */
  url: string
  kind: 'given' | 'container' | 'embedded'
  /** The embedded cluster's folder. */
  dataDir?: string
}

/** Where the suite's Postgres is written down while the suite runs. */
export const SUITE_FILE = '.tap/postgres.json'

/** The migrated database that each test file gets a copy of. */
export const TEMPLATE = 'doorcode_test_template'

/** The URL of another database on the same server. */
export const withDatabase = (url: string, name: string): string => {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

/** Runs statements on the server and returns the rows of the last one. */
export const query = async (url: string, sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql, values)).rows
  } finally {
    await client.end()
  }
}

/** A database of this test's own, migrated, dropped when the test ends. */
export const createTestDatabase = async (t: Test): Promise<string> => {
  const { url } = JSON.parse(readFileSync(SUITE_FILE, 'utf8')) as SuitePostgres
  const name = `doorcode_test_${randomBytes(6).toString('hex')}`
  // Copies of one template cannot be made side by side while somebody is connected to it; wait and try again.
  for (let tries = 1; ; tries += 1) {
    try {
      await query(url, `create database ${name} template ${TEMPLATE}`)
      break
    } catch (error) {
      if (tries === 50) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  t.teardown(() => query(url, `drop database ${name} with (force)`))
  return withDatabase(url, name)
}
