import { readSchemaState, type SchemaState } from '../../db/migrate.ts'
import { Problem } from '../errors.ts'
import type { ReadinessCheck } from '../routes/route.ts'
import type { Database } from '../store/database.ts'
import { createLoginNeeds, type LoginObstacles } from '../store/readiness/login-needs.ts'
import type { Shutdown } from './shutdown.ts'

/** How long one look at the database serves everyone who asks, in ms: health checks have no rate limit. */
const LOOK_LASTS = 1_000

const PERMISSION_DENIED = '42501'

/** The schema against this code, and what stands in the way of a login. */
export interface DatabaseState extends SchemaState, LoginObstacles {}

/** Makes the question how the database is. The statements of a login must have been prepared. */
export const createDatabaseLook = (database: Database): (() => Promise<DatabaseState>) => {
  const findObstacles = createLoginNeeds(database)
  return async () => {
    const obstacles = await findObstacles()
    const isHidden = obstacles.rights.includes('select on kysely_migration')
    const schema = isHidden ? { pending: [], unknown: [] } : await readSchemaState(database.kysely as never)
    return { ...schema, ...obstacles }
  }
}

/** The look that is under way or was just taken. */
const shared = <T>(look: () => Promise<T>): (() => Promise<T>) => {
  let last: { until: number; result: Promise<T> } | undefined
  return () => {
    if (last === undefined || performance.now() >= last.until) {
      const taken = { until: Number.POSITIVE_INFINITY, result: look() }
      const end = () => {
        taken.until = performance.now() + LOOK_LASTS
      }
      taken.result.then(end, end)
      last = taken
    }
    return last.result
  }
}

const missing = (detail: string, cause: unknown = new Error(detail)) =>
  new Problem('service_unavailable', { detail, cause, advice: detail, retryAfter: LOOK_LASTS / 1_000 })

/** Throws what the migrations of this code, or of a newer one, have to do with a login that cannot be served. */
const assertSchema = ({ pending, unknown, tables, rights, refusal }: DatabaseState): void => {
  if (pending.length > 0) throw missing(`The database lacks ${pending.join(', ')}. Run "npx doorcode migrate".`)
  const newer = unknown.length > 0 ? ` The schema is newer than this version: it has ${unknown.join(', ')}.` : ''
  if (tables.length > 0) throw missing(`The database lacks the tables ${tables.join(', ')}.${newer}`)
  if (refusal && rights.length === 0 && (refusal as { code?: string }).code !== PERMISSION_DENIED) {
    throw missing(`The database refuses a statement of a login: ${refusal.message}.${newer}`, refusal)
  }
}

/** Throws what rights the role lacks; before the migrations have run there is nothing to have rights on. */
const assertRights = ({ pending, rights, refusal }: DatabaseState): void => {
  if (pending.length > 0) return
  if (rights.length > 0) throw missing(`The role of DATABASE_URL lacks ${rights.join(', ')}.`)
  if ((refusal as { code?: string } | undefined)?.code !== PERMISSION_DENIED) return
  throw missing(`The role of DATABASE_URL lacks a right: ${refusal!.message}.`, refusal)
}

/**
 * What this instance needs to serve: that it is not leaving, and a database that can do all that a login does. A schema that
 * a newer version has made is accepted while the statements of this one run on it: `onNewer` gets its migrations, once.
 */
export const createReadiness = (
  shutdown: Pick<Shutdown, 'assertRunning'>,
  database: Database,
  onNewer: (migrations: string[]) => void = () => {},
): ReadinessCheck[] => {
  const readState = createDatabaseLook(database)
  let wasMigrated = false
  let newer = ''
  const look = shared(async () => {
    const state = await readState()
    wasMigrated = state.pending.length === 0
    const names = state.unknown.join()
    if (names !== '' && names !== newer) onNewer(state.unknown)
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
          // A database that is away has not lost its migrations.
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
