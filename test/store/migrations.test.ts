import t from 'tap'
import { migrate, pendingMigrations } from '../../db/migrate.ts'
import { migrations } from '../../db/migrations/index.ts'
import { createDatabase } from '../../src/store/database.ts'
import { createTestDatabase } from '../support/postgres.ts'

const open = async (t: Parameters<typeof createTestDatabase>[0], url: string) => {
  const database = createDatabase({ url, poolSize: 2, onIdleError: () => {} })
  t.teardown(() => database.close())
  return database.kysely as never
}

t.test('from nothing to the latest, and then there is nothing to do', async (t) => {
  const url = await createTestDatabase(t)
  const db = await open(t, url)
  const { sql } = await import('kysely')
  await sql`drop schema public cascade`.execute(db)
  await sql`create schema public`.execute(db)
  t.strictSame(await pendingMigrations(db), Object.keys(migrations))
  t.strictSame(await migrate(db), Object.keys(migrations))
  t.strictSame(await migrate(db), [])
  t.strictSame(await pendingMigrations(db), [])
})

t.test('five at once do the work of one', async (t) => {
  const url = await createTestDatabase(t)
  const { sql } = await import('kysely')
  const first = await open(t, url)
  await sql`drop schema public cascade`.execute(first)
  await sql`create schema public`.execute(first)
  const ran = await Promise.all(Array.from({ length: 5 }, async () => migrate(await open(t, url))))
  t.strictSame(ran.flat(), Object.keys(migrations))
})
