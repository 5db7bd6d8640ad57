import { type Kysely, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import type { Test } from 'tap'
import { migrations } from '../../db/migrations/index.ts'
import { createDatabase } from '../../src/store/database.ts'

/** Opens a database until the test ends. */
export const openSchema = (t: Test, url: string): Kysely<never> => {
  const database = createDatabase({ url, poolSize: 2, onIdleError: () => {} })
  t.teardown(() => database.close())
  return database.kysely as never
}

/** Removes everything from the schema, including the table of migrations. */
export const emptySchema = async (db: Kysely<never>): Promise<void> => {
  await sql`drop schema public cascade`.execute(db)
  await sql`create schema public`.execute(db)
}

/** Returns each function of the schema with its definition and comment. */
export const readDefinitions = async (db: Kysely<never>): Promise<Record<string, string>> => {
  const { rows } = await sql<{ name: string; definition: string }>`
    select oid::regprocedure::text as name,
      pg_get_functiondef(oid) || coalesce(obj_description(oid, 'pg_proc'), 'no comment') as definition
    from pg_proc where pronamespace = 'public'::regnamespace order by proname`.execute(db)
  return Object.fromEntries(rows.map(({ name, definition }) => [name, definition]))
}

/** Makes the schema of the first `count` migrations, without the files of functions, and adds three users. */
export const makeFormerSchema = async (db: Kysely<never>, count: number): Promise<void> => {
  await emptySchema(db)
  const former = Object.fromEntries(Object.entries(migrations).slice(0, count))
  const { error } = await new Migrator({ db, provider: { getMigrations: async () => former } }).migrateToLatest()
  if (error) throw error
  await sql`
    with u as (
      insert into users (user_id, username, username_key)
      select gen_random_uuid(), 'u' || n, 'u' || n from generate_series(1, 3) n returning user_id
    ), f as (
      insert into factors (user_id, factor, phone) select user_id, 'sms', '+12025550143' from u
    )
    insert into challenges (challenge_id, user_id, purpose, factor, channel, auth_epoch, code_hash, attempts,
      max_attempts, expires_at)
    select gen_random_uuid(), user_id, 'login', 'sms', 'sms', 0, sha256('x'), 1, 5, now() from u`.execute(db)
}

/** Counts the users of `makeFormerSchema` that are still complete. */
export const countFormerUsers = async (db: Kysely<never>): Promise<number> => {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from users join factors using (user_id) join challenges using (user_id)`.execute(db)
  return rows[0]!.count
}
