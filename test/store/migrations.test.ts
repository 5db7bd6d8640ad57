import t from 'tap'
import { migrate, readSchemaState } from '../../db/migrate.ts'
import { migrations } from '../../db/migrations/index.ts'
import { GUARD_RULES } from '../../src/core/guard/rules.ts'
import { createDatabase } from '../../src/store/database.ts'
import { createTestDatabase } from '../support/postgres.ts'

/** The steps of `migrate` on an empty database. */
const EVERYTHING = [...Object.keys(migrations), 'functions/*']

const open = async (t: Parameters<typeof createTestDatabase>[0], url: string) => {
  const database = createDatabase({ url, poolSize: 2, onIdleError: () => {} })
  t.teardown(() => database.close())
  return database.kysely as never
}

t.test('migrates an empty database once', async (t) => {
  const url = await createTestDatabase(t)
  const db = await open(t, url)
  const { sql } = await import('kysely')
  await sql`drop schema public cascade`.execute(db)
  await sql`create schema public`.execute(db)
  t.strictSame((await readSchemaState(db)).pending, EVERYTHING)
  t.strictSame(await migrate(db), EVERYTHING)
  t.strictSame(await migrate(db), [])
  t.strictSame((await readSchemaState(db)).pending, [])
})

t.test('five parallel migrations apply each step once', async (t) => {
  const url = await createTestDatabase(t)
  const { sql } = await import('kysely')
  const first = await open(t, url)
  await sql`drop schema public cascade`.execute(first)
  await sql`create schema public`.execute(first)
  const ran = await Promise.all(Array.from({ length: 5 }, async () => migrate(await open(t, url))))
  t.strictSame(ran.flat(), EVERYTHING)
})

t.test('the migration of the guard keeps known users and open countries', async (t) => {
  const url = await createTestDatabase(t)
  const { sql } = await import('kysely')
  const db = await open(t, url)
  await sql`drop schema public cascade`.execute(db)
  await sql`create schema public`.execute(db)
  for (const name of Object.keys(migrations).slice(0, 2)) await migrations[name]!.up(db)
  for (let nth = 0; nth < 40; nth += 1) {
    await sql`
      with u as (
        insert into users (user_id, username, username_key) values (gen_random_uuid(), ${`u${nth}`}, ${`u${nth}`})
        returning user_id
      ), c as (
        insert into challenges (challenge_id, user_id, purpose, factor, channel, auth_epoch, code_hash, attempts,
          max_attempts, expires_at, consumed_at)
        select gen_random_uuid(), user_id, 'login', 'sms', 'sms', 0, sha256('x'), 1, 5, now(), now() - interval '1 day'
        from u returning challenge_id, user_id
      )
      insert into sends (send_id, challenge_id, user_id, provider, channel, country, prefix, phone_hash, segments, status,
        created_at)
      select gen_random_uuid(), challenge_id, user_id, 'test', 'sms', 'US', '+1202555', sha256(${`${nth}`}::bytea), 1,
        'sent', now() - interval '1 day' from c`.execute(db)
  }
  for (const name of Object.keys(migrations).slice(2)) await migrations[name]!.up(db)
  const rules = JSON.stringify({ ...GUARD_RULES, budgets: {}, codeTtl: 300, cooldowns: [30], humanCheck: false })
  const ask = async (user: string, phone: string) => {
    const { rows } = await sql<{ verdict: string; known: boolean }>`
      select verdict, known from guard_send(now(), ${rules}::jsonb, ${user}::uuid, '+12025550143',
        sha256(${phone}::bytea), '+1202555', 'US', 'sms', '192.0.2.1', '192.0.2.0/24', null, false, false)`.execute(db)
    return rows[0]
  }
  const { rows } = await sql<{ user_id: string }>`select user_id from users where username = 'u7'`.execute(db)
  t.strictSame(await ask(rows[0]!.user_id, '7'), { verdict: 'send', known: true })
  t.strictSame(await ask('00000000-0000-4000-8000-000000000000', 'new'), { verdict: 'send', known: false })
})
