import { readSchemaState, type SchemaState } from '../../db/migrate.ts'
import type { Database } from '../store/database.ts'
import { createLoginNeeds, type LoginObstacles } from '../store/readiness/login-needs.ts'

/** Time in ms for which callers share one look at the database, because health checks have no rate limit. */
export const LOOK_LASTS = 1_000

/** The difference between the schema and this version, and the obstacles to a login. */
export interface DatabaseState extends SchemaState, LoginObstacles {}

/** Creates a function that reads the state of the database. The statements of a login must have been prepared. */
export const createDatabaseLook = (database: Database): (() => Promise<DatabaseState>) => {
  const findObstacles = createLoginNeeds(database)
  return async () => {
    const obstacles = await findObstacles()
    const isHidden = obstacles.rights.includes('select on kysely_migration')
    const schema = isHidden ? { pending: [], unknown: [] } : await readSchemaState(database.kysely as never)
    return { ...schema, ...obstacles }
  }
}

/** Returns a function whose callers share a look in progress, and its result for `LOOK_LASTS` after it. */
export const shareLook = <T>(look: () => Promise<T>): (() => Promise<T>) => {
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
