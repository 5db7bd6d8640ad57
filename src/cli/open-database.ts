import { setTimeout as sleep } from 'node:timers/promises'
import { type EmbeddedPostgres, startEmbedded } from '../../db/embedded.ts'
import { migrate, readSchemaState } from '../../db/migrate.ts'
import type { UserAdmin } from '../core/account/admin-ports.ts'
import { readSettings } from '../settings/read.ts'
import { createDatabase, type Database } from '../store/database.ts'
import { createUserAdmin } from '../store/users/admin.ts'
import type { World } from './command.ts'
import { holdSignals } from './signals.ts'

/** How long others get to leave an embedded Postgres that we started, in ms: enough for a tool, not for a server. */
const LONGEST_WAIT = 2_000
const STEP = 100

type Activity = { pg_stat_activity: { pid: number; backend_type: string } }

/** Whether anybody else is connected: under any name, for a server's first connection has none yet. */
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
  // A database that cannot answer serves nobody.
  const others = () => isInUse(database).catch(() => false)
  let waited = 0
  let inUse = await others()
  for (; inUse && waited < LONGEST_WAIT; waited += STEP) {
    await sleep(STEP)
    inUse = await others()
  }
  await database.close()
  if (!inUse) embedded.stop()
}

/**
 * Opens the database that the server works on, whether or not the server runs, and closes it after `work`. An embedded
 * Postgres that this started is stopped again, unless somebody else has come to use it. A signal to end is heeded when
 * all is closed.
 */
export const withDatabase = async (
  { env, stderr }: World,
  work: (database: Database, origin: 'embedded' | 'given') => Promise<void>,
): Promise<void> => {
  const settings = readSettings({ env }, ['DATABASE_URL', 'DATA_DIR'])
  // Starting takes seconds: worth a line to somebody who waits, but not to a log.
  const say = (line: string) => void (stderr.isTTY && stderr.write(`${line}\n`))
  const release = holdSignals()
  try {
    const embedded =
      settings.DATABASE_URL === undefined ? await startEmbedded({ dataDir: settings.DATA_DIR, say }) : undefined
    const url = settings.DATABASE_URL ?? embedded!.url
    // A second signal stops it at once, even if a server has begun to use it.
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

/** The same, once the schema is up to date: an embedded database is migrated first, any other one must have been. */
export const withSchema = (world: World, work: (database: Database) => Promise<void>): Promise<void> =>
  withDatabase(world, async (database, origin) => {
    const schema = database.kysely as never
    if (origin === 'embedded') await migrate(schema)
    else if ((await readSchemaState(schema)).pending.length > 0) {
      throw new Error('The database is not up to date. Run "npx doorcode migrate" first.')
    }
    await work(database)
  })

/** The same for work on users. */
export const withUsers = (world: World, work: (users: UserAdmin) => Promise<void>): Promise<void> =>
  withSchema(world, (database) => work(createUserAdmin(database)))
