import type { Logger } from 'pino'
import { Problem } from '../errors.ts'
import type { ReadinessCheck } from '../routes/route.ts'
import type { Database } from '../store/database.ts'
import { adviceFor } from '../store/explain-fault.ts'
import { createDatabaseLook, type DatabaseState, LOOK_LASTS, shareLook } from './database-look.ts'
import type { Shutdown } from './shutdown.ts'

const PERMISSION_DENIED = '42501'

const missing = (detail: string, cause: unknown = new Error(detail)) =>
  new Problem('service_unavailable', { detail, cause, advice: detail, retryAfter: LOOK_LASTS / 1_000 })

/** Throws if the schema cannot serve a login, because migrations are missing or a newer version changed it. */
const assertSchema = ({ pending, unknown, tables, rights, refusal }: DatabaseState): void => {
  if (pending.length > 0) throw missing(`The database lacks ${pending.join(', ')}. Run "npx doorcode migrate".`)
  const newer = unknown.length > 0 ? ` The schema is newer than this version: it has ${unknown.join(', ')}.` : ''
  if (tables.length > 0) throw missing(`The database lacks the tables ${tables.join(', ')}.${newer}`)
  if (refusal && rights.length === 0 && (refusal as { code?: string }).code !== PERMISSION_DENIED) {
    throw missing(`The database rejects a statement of a login: ${refusal.message}.${newer}`, refusal)
  }
}

/** Throws if the role lacks rights. Before the migrations the tables do not exist, so it checks nothing. */
const assertRights = ({ pending, rights, refusal }: DatabaseState): void => {
  if (pending.length > 0) return
  if (rights.length > 0) throw missing(`The role of DATABASE_URL lacks ${rights.join(', ')}.`)
  if ((refusal as { code?: string } | undefined)?.code !== PERMISSION_DENIED) return
  throw missing(`The role of DATABASE_URL lacks a right: ${refusal!.message}.`, refusal)
}

/**
 * Creates the checks of readiness: the process is not stopping, and the database can do all that a login does. A schema of a
 * newer version is accepted while the statements of this one run on it, and its migrations are logged once.
 */
export const createReadiness = (
  shutdown: Pick<Shutdown, 'assertRunning'>,
  database: Database,
  log?: Pick<Logger, 'warn'>,
): ReadinessCheck[] => {
  const readState = createDatabaseLook(database)
  const report = (migrations: string[]) =>
    log?.warn({ event: 'schema_newer', migrations }, `the schema is newer than this version: ${migrations.join(', ')}`)
  let wasMigrated = false
  let newer = ''
  const look = shareLook(async () => {
    const state = await readState()
    wasMigrated = state.pending.length === 0
    const names = state.unknown.join()
    if (names !== '' && names !== newer) report(state.unknown)
    newer = names
    return state
  })

  return [
    { name: 'running', check: async () => shutdown.assertRunning() },
    {
      name: 'database',
      check: async () => {
        if ((await look()).readOnly) throw missing('The database is read-only.')
      },
    },
    {
      name: 'migrations',
      check: async () => {
        const state = await look().catch((error: unknown) => {
          // An unavailable database has not lost its migrations.
          if (!wasMigrated) throw error
        })
        if (state) assertSchema(state)
      },
    },
    {
      name: 'rights',
      check: async () => {
        const state = await look().catch(() => undefined)
        if (state) assertRights(state)
      },
    },
  ]
}

/** Runs all checks once, and logs each failure with its remedy. Returns at once. */
export const logReadiness = (checks: readonly ReadinessCheck[], log: Pick<Logger, 'warn'>): void => {
  for (const { name, check } of checks) {
    check().catch((error: unknown) =>
      log.warn({ event: 'not_ready', part: name, err: error }, `not ready: ${name}: ${adviceFor(error)}`),
    )
  }
}
