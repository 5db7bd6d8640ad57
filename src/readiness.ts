import { pendingMigrations } from '../db/migrate.ts'
import type { ReadinessCheck } from './routes/route.ts'
import type { Shutdown } from './shutdown.ts'
import type { Database } from './store/database.ts'

/** What this instance needs to serve: that it is not leaving, its database, and a schema that is up to date. */
export const createReadiness = (shutdown: Shutdown, database: Database): ReadinessCheck[] => {
  let isMigrated = false
  return [
    { name: 'running', check: async () => shutdown.assertRunning() },
    { name: 'database', check: () => database.ping() },
    {
      name: 'migrations',
      check: async () => {
        // Nobody takes a migration back.
        if (isMigrated) return
        const missing = await pendingMigrations(database.kysely as never)
        if (missing.length > 0) throw new Error(`run "npx doorcode migrate": ${missing.join(', ')}`)
        isMigrated = true
      },
    },
  ]
}
