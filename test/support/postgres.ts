import { randomBytes } from 'node:crypto'
import pg from 'pg'
import type { Test } from 'tap'
import type { Database } from '../../src/store/database.ts'
import { withDatabaseClock } from '../../testing/database-clock.ts'
import type { FromSuite, ToSuite } from '../run/messages.ts'

/** The prefix of the names of test databases. */
export const PREFIX = 'doorcode_test_'

/** The migrated database that is copied for test files. */
export const TEMPLATE = `${PREFIX}template`

let server: Promise<string> | undefined

/** Returns the URL of the suite's Postgres, whose account may create databases. Throws if the suite has none. */
export const suitePostgres = (): Promise<string> => {
  server ??= new Promise((resolve, reject) => {
    if (!process.send) throw new Error('Run this file by the suite: npm test -- FILE')
    process.on('message', (message: FromSuite) => {
      if ('postgres' in message) resolve(message.postgres)
      if ('fault' in message) reject(new Error(message.fault))
    })
    process.send({ ask: 'postgres' } satisfies ToSuite)
  })
  return server
}

/** Returns the URL of another database on the same server. */
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

/** A digest of everything in a database except its rows. A change here is not undone when the tables are emptied. */
const SHAPE = `
  select md5(concat_ws('|',
    (select string_agg(concat_ws(':', oid::regprocedure, prosrc, obj_description(oid, 'pg_proc')), ','
      order by oid::regprocedure::text) from pg_proc where pronamespace = 'public'::regnamespace),
    (select string_agg(concat_ws(':', tgrelid::regclass, tgname, tgenabled), ',' order by tgrelid::regclass::text, tgname)
      from pg_trigger where not tgisinternal),
    (select string_agg(concat_ws(':', table_name, column_name), ',' order by table_name, column_name)
      from information_schema.columns where table_schema = 'public'),
    (select string_agg(name, ',' order by name) from public.kysely_migration),
    (select string_agg(setconfig::text, ',') from pg_db_role_setting
      where setdatabase = (select oid from pg_database where datname = current_database())))) as shape`

/** Functions of the schema that are newer than the template. */
const ADDED = `
  select oid::regprocedure::text as name from pg_proc where pronamespace = 'public'::regnamespace and oid > $1`

/** Empties every table, including those that the service cannot delete from, and resets the clock. */
const EMPTY = `
  do $$
  declare
    name text;
  begin
    set local lock_timeout = '2s';
    set local session_replication_role = replica;
    for name in select quote_ident(tablename) from pg_tables
      where schemaname = 'public' and tablename not like 'kysely%'
    loop
      execute 'delete from ' || name;
    end loop;
    delete from doorcode_clock.advances;
  end $$`

/** A database for one test at a time, with connections that are kept between tests. */
export interface TestDatabase {
  url: string
  /** Runs a statement and returns its rows. A named statement is planned once. */
  sql(text: string, values?: unknown[], name?: string): Promise<Record<string, unknown>[]>
  /** Databases opened as in the service, which keep their prepared statements, by a key for those statements. */
  opened: Map<string, Database>
}

interface KeptDatabase extends TestDatabase {
  close(): Promise<void>
}

/** Databases that earlier tests left empty, since creating one costs ten times as much. */
const free: KeptDatabase[] = []
process.once('disconnect', () => Promise.all(free.map((database) => database.close())))
let shape: unknown
/** The newest function of the template, whose copies have the same object ids. */
let newest: unknown

const createKept = async (server: string): Promise<KeptDatabase> => {
  const name = `${PREFIX}${randomBytes(6).toString('hex')}`
  const url = withDatabaseClock(withDatabase(server, name))
  // A template cannot be copied while it has a connection; wait and try again.
  for (let tries = 1; ; tries += 1) {
    try {
      await query(server, `create database ${name} template ${TEMPLATE}`)
      break
    } catch (error) {
      if (tries === 50) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  pool.on('error', () => {})
  const opened = new Map<string, Database>()
  return {
    url,
    sql: async (text, values = [], statement) =>
      (await pool.query({ text, values, ...(statement && { name: statement }) })).rows,
    opened,
    async close() {
      await Promise.all([pool.end(), ...[...opened.values()].map((database) => database.close())])
    },
  }
}

/** Leases an empty, migrated database to a test until it ends. */
export const leaseTestDatabase = async (t: Test): Promise<TestDatabase> => {
  const database = free.pop() ?? (await createKept(await suitePostgres()))
  const look = async () => (await database.sql(SHAPE, [], 'shape'))[0]?.['shape']
  shape ??= await look()
  newest ??= (await database.sql('select max(oid) as oid from pg_proc'))[0]?.['oid']
  t.teardown(async () => {
    try {
      // Dropping a function also drops the triggers that tests made with it; a new database costs half a second.
      for (const { name } of await database.sql(ADDED, [newest], 'added'))
        await database.sql(`drop function ${name} cascade`)
      if ((await look()) !== shape) throw new Error('the test has changed more than rows')
      await database.sql(EMPTY)
      free.push(database)
    } catch {
      await database.close()
      await query(await suitePostgres(), `drop database ${new URL(database.url).pathname.slice(1)} with (force)`)
    }
  })
  return database
}

/** Returns the URL of such a database, for tests that connect to it themselves. */
export const createTestDatabase = async (t: Test): Promise<string> => (await leaseTestDatabase(t)).url
