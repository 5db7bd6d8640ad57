import { setTimeout as sleep } from 'node:timers/promises'
import { type EmbeddedPostgres, startEmbedded } from '../../db/embedded.ts'
import { migrate, readSchemaState } from '../../db/migrate.ts'
import type { UserAdmin } from '../core/account/admin-ports.ts'
import { readSettings } from '../settings/read.ts'
import { createDatabase, type Database } from '../store/database.ts'
import { createUserAdmin } from '../store/users/admin.ts'
import type { World } from './command.ts'
import { holdSignals } from './signals.ts'

/** Wait in ms for other connections before an embedded Postgres stops: enough for a command, not for a server. */
const MAX_WAIT = 2_000
const STEP = 100

type Activity = { pg_stat_activity: { pid: number; backend_type: string } }

/** Returns true if other clients are connected. It ignores names, because the first connection of a server has none yet. */
const isInUse = async ({ kysely }: Database): Promise<boolean> => {
  const others = await kysely
    .withTables<Activity>()
    .selectFrom('pg_stat_activity')
    .select('pid')
    .where('backend_type', '=', 'client backend')
    .where(({ eb, fn }) => eb('pid', '!=', fn<number>('pg_backend_pid')))
    .execute()
  return others.length > 0
}

const stopUnlessInUse = async (database: Database, embedded: EmbeddedPostgres): Promise<void> => {
  // A database that does not respond counts as unused.
  const others = () => isInUse(database).catch(() => false)
  let waited = 0
  let inUse = await others()
  for (; inUse && waited < MAX_WAIT; waited += STEP) {
    await sleep(STEP)
    inUse = await others()
  }
  await database.close()
  if (!inUse) embedded.stop()
}

/**
 * Opens the database of the server, running or not, and closes it after `work`. It stops an embedded Postgres that it
 * started, unless other clients use it. A stop signal takes effect after everything is closed.
 */
export const withDatabase = async (
  { env, stderr }: World,
  work: (database: Database, origin: 'embedded' | 'given') => Promise<void>,
): Promise<void> => {
  const settings = readSettings({ env }, ['DATABASE_URL', 'DATA_DIR'])
  // The start takes seconds, so a terminal gets a line; a log does not.
  const say = (line: string) => void (stderr.isTTY && stderr.write(`${line}\n`))
  const release = holdSignals()
  try {
    const embedded =
      settings.DATABASE_URL === undefined ? await startEmbedded({ dataDir: settings.DATA_DIR, say }) : undefined
    const url = settings.DATABASE_URL ?? embedded!.url
    // A second signal stops it at once, even if a server already uses it.
    const stopAtExit = () => embedded?.startedHere && embedded.stop()
    process.once('exit', stopAtExit)
    const database = createDatabase({ url, poolSize: 1, onIdleError: () => {}, patient: true })
    try {
      await work(database, embedded ? 'embedded' : 'given')
    } finally {
      if (embedded?.startedHere) await stopUnlessInUse(database, embedded)
      else await database.close()
      process.off('exit', stopAtExit)
    }
  } finally {
    release()
  }
}

/**
 * Opens the database with an up-to-date schema. It migrates an embedded database; for any other it throws if migrations are
 * pending.
 */
export const withSchema = (world: World, work: (database: Database) => Promise<void>): Promise<void> =>
  withDatabase(world, async (database, origin) => {
    const schema = database.kysely as never
    if (origin === 'embedded') await migrate(schema)
    else if ((await readSchemaState(schema)).pending.length > 0) {
      throw new Error('The database is not up to date. Run "npx doorcode migrate" first.')
    }
    await work(database)
  })

/** Opens the database as `withSchema` does, for work on users. */
export const withUsers = (world: World, work: (users: UserAdmin) => Promise<void>): Promise<void> =>
  withSchema(world, (database) => work(createUserAdmin(database)))
