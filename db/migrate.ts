import { type Kysely, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { migrations } from './migrations/index.ts'

const migratorFor = (db: Kysely<never>) =>
  new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } })

/**
 * Brings the schema up to date and returns the names of the migrations that ran: none where a newer version has brought it
 * further. Safe to start several times at once: an advisory lock, which needs a direct connection and not a transaction
 * pooler, lets one of them work.
 *
 * Throws the database's error; a migration that fails leaves nothing behind. Throws too when the schema has migrations of a
 * newer version and lacks some of this one.
 */
export const migrate = async (db: Kysely<never>): Promise<string[]> => {
  const { pending, unknown } = await readSchemaState(db)
  if (unknown.length > 0) {
    if (pending.length === 0) return []
    throw new Error(
      `The schema has ${unknown.join(', ')} of a newer version and lacks ${pending.join(', ')}. Run "migrate" of the newer version.`,
    )
  }
  const { error, results } = await migratorFor(db).migrateToLatest()
  if (error) throw error
  return (results ?? []).map(({ migrationName }) => migrationName)
}

/** How the schema of a database differs from the one that this code knows. */
export interface SchemaState {
  /** Migrations that the database lacks. */
  pending: string[]
  /** Migrations that the database has and this code does not know: a newer version made them. */
  unknown: string[]
}

const UNDEFINED_TABLE = '42P01'

/** Compares the schema with this code, in one statement. A database without the table of migrations lacks all of them. */
export const readSchemaState = async (db: Kysely<never>): Promise<SchemaState> => {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`
    .execute(db)
    .catch((error: unknown) => {
      if ((error as { code?: string }).code === UNDEFINED_TABLE) return { rows: [] }
      throw error
    })
  const applied = rows.map(({ name }) => name)
  return {
    pending: Object.keys(migrations).filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !Object.hasOwn(migrations, name)),
  }
}
