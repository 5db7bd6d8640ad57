import { migrate } from '../../db/migrate.ts'
import { DEMO_USER, seedDemoUser } from '../../db/seed.ts'
import { SMS } from '../factors/sms/name.ts'
import { createDatabase, type Database } from '../store/database.ts'
import { createUserAdmin } from '../store/users/admin.ts'

const withDatabaseAt = async <R>(url: string, work: (database: Database) => Promise<R>): Promise<R> => {
  const database = createDatabase({ url, poolSize: 2, onIdleError: () => {}, patient: true })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

/** Migrates a database that this process alone uses. Throws the database's error. */
export const migrateAt = (url: string): Promise<string[]> =>
  withDatabaseAt(url, ({ kysely }) => migrate(kysely as never))

/** Creates the demo user if the database has no user. Returns the demo user if it exists; undefined if not. */
export const seedAt = (url: string): Promise<typeof DEMO_USER | undefined> =>
  withDatabaseAt(url, async (database) => {
    const users = createUserAdmin(database)
    await seedDemoUser(users, SMS)
    return (await users.find(DEMO_USER.username)) && DEMO_USER
  })
