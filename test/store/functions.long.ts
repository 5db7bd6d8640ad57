import { type Kysely, sql } from 'kysely'
import t from 'tap'
import { migrate, readSchemaState } from '../../db/migrate.ts'
import { changeOf, SLOWER } from '../support/function-sets.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { openSchema, readDefinitions } from '../support/schema.ts'

const secondsNow = async (db: Kysely<never>) => {
  const { rows } = await sql<{ seconds: number }>`select guard_seconds(now(), now()) as seconds`.execute(db)
  return rows[0]!.seconds
}

t.test('one of five parallel migrations applies a changed file', async (t) => {
  const url = await createTestDatabase(t)
  const db = openSchema(t, url)
  t.strictSame(await readSchemaState(db, SLOWER), { pending: ['functions/guard_seconds'], unknown: [] })
  t.equal(await secondsNow(db), 1)
  const ran = await Promise.all(Array.from({ length: 5 }, () => migrate(openSchema(t, url), SLOWER)))
  t.strictSame(ran.flat(), ['functions/guard_seconds'])
  t.equal(await secondsNow(db), 2)
  t.strictSame(await readSchemaState(db, SLOWER), { pending: [], unknown: [] })

  const again = { ...SLOWER, functions: changeOf('guard_seconds', 'greatest(1,', 'greatest(3,').functions }
  t.strictSame(await migrate(db, again), ['functions/guard_seconds'], 'also within a set that is not released')
  t.equal(await secondsNow(db), 3)
})

t.test('an older version does not restore a function that a newer one dropped', async (t) => {
  const db = openSchema(t, await createTestDatabase(t))
  await migrate(db, SLOWER)
  await sql`drop function wilson_upper`.execute(db)
  t.strictSame(await readSchemaState(db), { pending: [], unknown: ['functions/guard_seconds'] })
  t.strictSame(await migrate(db), [])
})

t.test('a version that lacks functions and finds newer ones changes nothing', async (t) => {
  const db = openSchema(t, await createTestDatabase(t))
  await migrate(db, SLOWER)
  const older = await readDefinitions(db)
  const { number, functions } = changeOf('counts', "'failed'", "'lost'")
  const other = { number: number - 1, functions }
  await t.rejects(migrate(db, other), {
    message: /^The schema has functions\/guard_seconds of a newer version and lacks functions\/counts\./,
  })
  t.strictSame(await readDefinitions(db), older)
})
