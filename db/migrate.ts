import { type Kysely, sql } from 'kysely'
import { DEFAULT_MIGRATION_LOCK_TABLE, MIGRATION_LOCK_ID, Migrator } from 'kysely/migration'
import { type AppliedFunction, applyFunctions, compareFunctions, MARKERS } from './apply-functions.ts'
import { type DatabaseFunction, type FunctionSet, ownFunctions } from './functions/index.ts'
import { migrations } from './migrations/index.ts'

/** The difference between the schema of a database and that of this version. A function is listed as `functions/NAME`. */
export interface SchemaState {
  /** Migrations and functions that the database lacks; `functions/*` when it has no function of Doorcode. */
  pending: string[]
  /** Migrations and functions of a newer version. */
  unknown: string[]
}

const UNDEFINED_TABLE = '42P01'

const readApplied = async (db: Kysely<never>): Promise<{ names: string[]; functions: AppliedFunction[] }> => {
  const { rows } = await sql<{ name: string; marker: string | null }>`
    select name::text, null as marker from kysely_migration
    union all
    select p.proname::text, obj_description(p.oid, 'pg_proc')
    from pg_proc p
    where p.pronamespace = any (array(
        select n.oid from pg_namespace n where n.nspname = any (current_schemas(false)) and n.nspname <> 'pg_catalog'))
      and obj_description(p.oid, 'pg_proc') like ${MARKERS}
    order by name`
    .execute(db)
    .catch((error: unknown) => {
      if ((error as { code?: string }).code === UNDEFINED_TABLE) return { rows: [] }
      throw error
    })
  return {
    names: rows.flatMap(({ name, marker }) => (marker === null ? [name] : [])),
    functions: rows.flatMap(({ name, marker }) => (marker === null ? [] : [{ name, marker }])),
  }
}

/** The difference, with the text of the functions to apply. */
interface Difference extends SchemaState {
  pendingMigrations: string[]
  pendingFunctions: DatabaseFunction[]
}

const compareSchema = async (db: Kysely<never>, set: FunctionSet): Promise<Difference> => {
  const applied = await readApplied(db)
  const pendingMigrations = Object.keys(migrations).filter((name) => !applied.names.includes(name))
  const unknownMigrations = applied.names.filter((name) => !Object.hasOwn(migrations, name))
  const functions = compareFunctions(applied.functions, { set, isNewer: unknownMigrations.length > 0 })
  const hasNone = functions.pending.length > 0 && functions.pending.length === set.functions.length
  return {
    pendingMigrations,
    pendingFunctions: functions.pending,
    pending: [
      ...pendingMigrations,
      ...(hasNone ? ['functions/*'] : functions.pending.map(({ name }) => `functions/${name}`)),
    ],
    unknown: [...unknownMigrations, ...functions.newer.map((name) => `functions/${name}`)],
  }
}

/** Compares the schema with this version, in one statement. Without the table of migrations, all of it is pending. */
export const readSchemaState = async (db: Kysely<never>, set = ownFunctions()): Promise<SchemaState> => {
  const { pending, unknown } = await compareSchema(db, set)
  return { pending, unknown }
}

/** Holds the lock of Kysely's migrations while `work` runs, on one connection. Kysely may take the lock again inside. */
const withMigrationLock = <R>(db: Kysely<never>, work: (connection: Kysely<never>) => Promise<R>): Promise<R> =>
  db.connection().execute(async (connection) => {
    const { adapter } = connection.getExecutor()
    const lock = { lockTable: DEFAULT_MIGRATION_LOCK_TABLE, lockRowId: MIGRATION_LOCK_ID }
    await adapter.acquireMigrationLock(connection, lock)
    try {
      return await work(connection)
    } finally {
      await adapter.releaseMigrationLock(connection, lock)
    }
  })

/** Runs the pending migrations, and `andThen` after the last one, in one transaction. */
const runMigrations = async (db: Kysely<never>, andThen: (db: Kysely<never>) => Promise<void>): Promise<void> => {
  const last = Object.keys(migrations).at(-1)!
  const up = async (trx: Kysely<never>) => {
    await migrations[last]!.up(trx)
    await andThen(trx)
  }
  const provider = { getMigrations: () => Promise.resolve({ ...migrations, [last]: { up } }) }
  const { error } = await new Migrator({ db, provider }).migrateToLatest()
  if (error) throw error
}

/**
 * Migrates the schema: runs the pending migrations, then creates or replaces the functions whose text has changed
 * (`db/functions`), in one transaction. Returns the names of the applied ones as in `SchemaState`; none when the schema is
 * newer. It never replaces a newer function by an older one.
 *
 * Parallel runs are safe: an advisory lock lets one of them work. The lock needs a direct connection, not a pooler in
 * transaction mode. Throws the database's error; a failed migration changes nothing. Throws too when the schema is partly
 * newer than this version and lacks some of its migrations or functions.
 */
export const migrate = (db: Kysely<never>, set = ownFunctions()): Promise<string[]> =>
  withMigrationLock(db, async (connection) => {
    const { pending, unknown, pendingMigrations } = await compareSchema(connection, set)
    if (pending.length === 0) return []
    if (unknown.length > 0) {
      throw new Error(
        `The schema has ${unknown.join(', ')} of a newer version and lacks ${pending.join(', ')}. Run "npx doorcode migrate" of the newer version.`,
      )
    }
    const bringFunctions = async (trx: Kysely<never>) => {
      // Compare again, because a migration may have dropped some.
      const { pendingFunctions } = await compareSchema(trx, set)
      await applyFunctions(trx, { pending: pendingFunctions, set })
    }
    if (pendingMigrations.length > 0) await runMigrations(connection, bringFunctions)
    else await connection.transaction().execute(bringFunctions)
    return pending
  })
