import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import type { Test } from 'tap'
import { prepareDatabaseClock, RESET_CLOCK } from '../../testing/database-clock.ts'

/** What the suite's Postgres is, as `postgres-before.ts` leaves it for the test files. */
export interface SuitePostgres {
  /** An account that may create databases. */
  url: string
  kind: 'given' | 'container' | 'embedded'
  /** The folder of an embedded cluster. */
  dataDir: string
}

/** Where the suite's Postgres is written down while the suite runs. */
export const SUITE_FILE = '.tap/postgres.json'

/** What the names of the tests' databases begin with. */
export const PREFIX = 'doorcode_test_'

/** The migrated database that each test file gets copies of. */
export const TEMPLATE = `${PREFIX}template`

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

/** Everything about a database but its rows: what a test has changed here is not undone by emptying its tables. */
const SHAPE = `
  select md5(concat_ws('|',
    (select string_agg(oid::regprocedure::text, ',' order by oid::regprocedure::text) from pg_proc
      where pronamespace = 'public'::regnamespace),
    (select string_agg(concat_ws(':', tgrelid::regclass, tgname, tgenabled), ',' order by tgrelid::regclass::text, tgname)
      from pg_trigger where not tgisinternal),
    (select string_agg(concat_ws(':', table_name, column_name), ',' order by table_name, column_name)
      from information_schema.columns where table_schema = 'public'),
    (select string_agg(setconfig::text, ',') from pg_db_role_setting
      where setdatabase = (select oid from pg_database where datname = current_database())))) as shape`

/** Empties every table, those too that keep their rows from the service. */
const EMPTY = `
  do $$
  declare
    name text;
  begin
    set local lock_timeout = '2s';
    alter table audit_events disable trigger user;
    for name in select quote_ident(tablename) from pg_tables
      where schemaname = 'public' and tablename not like 'kysely%'
    loop
      execute 'delete from ' || name;
    end loop;
    alter table audit_events enable trigger user;
  end $$`

/** Databases of this process that a test has left empty: making one costs ten times as much. */
const free: string[] = []
let shape: unknown

const create = async (server: string, name: string) => {
  // Copies of one template cannot be made side by side while somebody is connected to it; wait and try again.
  for (let tries = 1; ; tries += 1) {
    try {
      await query(server, `create database ${name} template ${TEMPLATE}`)
      break
    } catch (error) {
      if (tries === 50) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  await prepareDatabaseClock((text) => query(withDatabase(server, name), text))
}

/** A database of this test's own, migrated and empty, given back when the test ends. */
export const createTestDatabase = async (t: Test): Promise<string> => {
  const { url: server } = JSON.parse(readFileSync(SUITE_FILE, 'utf8')) as SuitePostgres
  const name = free.pop() ?? `${PREFIX}${randomBytes(6).toString('hex')}`
  const url = withDatabase(server, name)
  if (!(await query(server, 'select from pg_database where datname = $1', [name])).length) await create(server, name)
  shape ??= (await query(url, SHAPE))[0]?.['shape']
  t.teardown(async () => {
    try {
      if ((await query(url, SHAPE))[0]?.['shape'] !== shape) throw new Error('the test has changed more than rows')
      await query(url, EMPTY)
      await query(url, RESET_CLOCK)
      free.push(name)
    } catch {
      await query(server, `drop database ${name} with (force)`)
    }
  })
  return url
}
