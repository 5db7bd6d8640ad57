import { type Kysely, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { migrations } from './migrations/index.ts'

const migratorFor = (db: Kysely<never>) =>
  new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } })

/**
 * Brings the schema up to date and returns the names of the migrations that ran. Safe to start several times at once:
 * an advisory lock, which needs a direct connection and not a transaction pooler, lets one of them work.
 *
 * Throws the database's error; a migration that fails leaves nothing behind.
 */
export const migrate = async (db: Kysely<never>): Promise<string[]> => {
  const { error, results } = await migratorFor(db).migrateToLatest()
  if (error) throw error
  return (results ?? []).map(({ migrationName }) => migrationName)
}

/** The names of the migrations that this code needs and the database lacks. */
export const pendingMigrations = async (db: Kysely<never>): Promise<string[]> => {
  const all = await migratorFor(db).getMigrations()
  return all.filter(({ executedAt }) => !executedAt).map(({ name }) => name)
}

/** The names of the migrations that the database has and this code does not know: a newer version's. */
export const unknownMigrations = async (db: Kysely<never>): Promise<string[]> => {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)
  return rows.map(({ name }) => name).filter((name) => !Object.hasOwn(migrations, name))
}
