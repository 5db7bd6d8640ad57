import { type Kysely, sql } from 'kysely'
import t from 'tap'
import { FUNCTION_SETS, hashOfSet, ownFunctions } from '../../db/functions/index.ts'
import { migrate, readSchemaState } from '../../db/migrate.ts'
import { migrations } from '../../db/migrations/index.ts'
import { changeOf, SLOWER } from '../support/function-sets.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { countFormerUsers, emptySchema, makeFormerSchema, openSchema, readDefinitions } from '../support/schema.ts'

const secondsNow = async (db: Kysely<never>) => {
  const { rows } = await sql<{ seconds: number }>`select guard_seconds(now(), now()) as seconds`.execute(db)
  return rows[0]!.seconds
}

t.test('the last line of FUNCTION_SETS is the hash of the files', async (t) => {
  t.equal(FUNCTION_SETS.at(-1), hashOfSet(ownFunctions().functions), 'add a line with the hash of the current files')
  t.strictSame(FUNCTION_SETS, [...new Set(FUNCTION_SETS)], 'no set is listed twice')
})

t.test('each file has one function of its name and a comment above it', async (t) => {
  for (const { name, text } of ownFunctions().functions) {
    t.match(text, /^-- [A-Z].+\n/, name)
    t.strictSame(
      [...text.matchAll(/^create or replace function (\w+)\(/gm)].map(([, found]) => found),
      [name],
    )
  }
})

t.test('an empty database and an upgraded one get exactly the functions of the files', async (t) => {
  const db = openSchema(t, await createTestDatabase(t))
  await emptySchema(db)
  await migrate(db)
  const expected = await readDefinitions(db)
  t.strictSame(
    Object.keys(expected).map((name) => name.replace(/\(.*/, '')),
    ownFunctions().functions.map(({ name }) => name),
  )
  for (const [name, definition] of Object.entries(expected)) t.match(definition, /Doorcode function set \d+, SHA/, name)

  // upgrades.long.ts does the same from each version.
  const names = Object.keys(migrations)
  const former = names.indexOf('0016_password_notices') + 1
  await makeFormerSchema(db, former)
  t.strictSame((await readSchemaState(db)).pending, [...names.slice(former), 'functions/*'])
  t.strictSame(await migrate(db), [...names.slice(former), 'functions/*'])
  t.strictSame(await readDefinitions(db), expected)
  t.equal(await countFormerUsers(db), 3)
  t.strictSame(await migrate(db), [], 'a second run has nothing to do')
})

t.test('an older version keeps newer functions and reports them', async (t) => {
  const db = openSchema(t, await createTestDatabase(t))
  await migrate(db, SLOWER)
  t.strictSame(await readSchemaState(db), { pending: [], unknown: ['functions/guard_seconds'] })
  t.strictSame(await migrate(db), [])
  t.equal(await secondsNow(db), 2)
})

t.test('recreates a function that is missing or has no comment', async (t) => {
  const db = openSchema(t, await createTestDatabase(t))
  const before = await readDefinitions(db)
  await sql`drop function guard_wait`.execute(db)
  await sql`comment on function counts is null`.execute(db)
  t.strictSame(await readSchemaState(db), { pending: ['functions/counts', 'functions/guard_wait'], unknown: [] })
  t.strictSame(await migrate(db), ['functions/counts', 'functions/guard_wait'])
  t.strictSame(await readDefinitions(db), before)
})

t.test('a function that Postgres refuses rolls back the migrations', async (t) => {
  const db = openSchema(t, await createTestDatabase(t))
  await emptySchema(db)
  await t.rejects(migrate(db, changeOf('guard_seconds', 'greatest(1,', 'greatst(1,')), { code: '42883' })
  const { rows } =
    await sql`select count(*)::int as tables from pg_tables where tablename in ('users', 'sends')`.execute(db)
  t.strictSame(rows, [{ tables: 0 }])
  t.strictSame(await migrate(db), [...Object.keys(migrations), 'functions/*'], 'the lock is released')
})
