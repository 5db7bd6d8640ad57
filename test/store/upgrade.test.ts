import { Migrator } from 'kysely/migration'
import t from 'tap'
import { migrate } from '../../db/migrate.ts'
import { migrations } from '../../db/migrations/index.ts'
import { createHousekeeping } from '../../src/store/housekeeping/index.ts'
import { createWorld, PASSWORD } from '../support/app.ts'

/** The last migration of the release before. */
const FORMER = '0007_attempts_keys_and_audit'

t.test('an upgrade keeps open logins valid and prunes expired data', async (t) => {
  const world = await createWorld(t)
  const { sql, database } = world
  const db = database.kysely as never

  // The state before the upgrade: alice has an open code, bob logged in three days ago.
  await world.addUser('alice', '+12025550143')
  await world.addUser('bob', '+12025550144')
  const login = await world.send({
    method: 'POST',
    url: '/login',
    payload: { username: 'alice', password: PASSWORD },
    headers: { 'idempotency-key': '0f0c1f5a-6f5e-4f6a-8f0e-2f1d3c4b5a69' },
  })
  t.equal(login.status, 200)
  const code = world.lastCode()
  await world.login('bob')
  await sql(`update challenges set expires_at = now() - interval '3 days' where user_id = (
    select user_id from users where username = 'bob')`)
  await sql(`update users set next_send_at = now() - interval '3 days' where username = 'bob'`)
  await world.audit.drain()
  await world.ledger.drain()

  // Restores the same rows in the former schema.
  const tablesNow = async () =>
    (await sql(`select tablename from pg_tables where schemaname = 'public' and tablename not like 'kysely%'`)).map(
      ({ tablename }) => String(tablename),
    )
  const saved = new Map<string, unknown>()
  for (const table of await tablesNow()) {
    const [{ rows } = {}] = await sql(`select coalesce(jsonb_agg(t), '[]') as rows from ${table} t`)
    saved.set(table, rows)
  }
  await sql('drop schema public cascade')
  await sql('create schema public')
  const names = Object.keys(migrations)
  const before = names.slice(0, names.indexOf(FORMER) + 1)
  const former = new Migrator({
    db,
    provider: { getMigrations: async () => Object.fromEntries(before.map((name) => [name, migrations[name]!])) },
  })
  t.strictSame(
    (await former.migrateToLatest()).results?.map(({ migrationName }) => migrationName),
    before,
  )
  // Referenced tables come first.
  for (const table of new Set(['users', ...(await tablesNow())])) {
    await sql(
      `insert into ${table} overriding system value select * from jsonb_populate_recordset(null::${table}, $1)`,
      [JSON.stringify(saved.get(table))],
    )
  }
  await sql(`select setval(pg_get_serial_sequence('audit_events', 'audit_event_id'), 1000)`)
  await sql(
    `insert into audit_events (created_at, event, address, facts) values (now() - interval '100 days', 'x', '', '{}')`,
  )
  await sql(`insert into sends (send_id, challenge_id, user_id, provider, channel, prefix, phone_hash, segments, created_at,
      status) select gen_random_uuid(), gen_random_uuid(), user_id, 'gone', 'sms', '+1202555', sha256('x'), 1,
      now() - interval '100 days', 'queued' from users where username = 'bob'`)
  await sql(`update idempotency_keys set expires_at = now()`)

  t.strictSame(await migrate(db), [...names.slice(before.length), 'functions/*'])

  const { verify, get, login: logIn, database: fresh, audit } = await world.startInstance()
  const verified = await verify(login.body.pending_token, code)
  t.equal(verified.status, 200, 'the code sent before the upgrade is accepted')
  t.match(await get('/me', verified.body.access_token), { status: 200, body: { username: 'alice' } })
  t.strictSame(
    (await world.users.list()).map(({ username }) => username),
    ['alice', 'bob'],
  )
  t.match((await world.users.search({ q: '+12025550144', phone: '+12025550144', limit: 10 })).users, [
    { username: 'bob' },
  ])

  await audit.drain()
  t.match(await createHousekeeping(fresh).prune({ challengeDays: 1, sessionDays: 7, ledgerDays: 90, auditDays: 90 }), {
    ended: 'done',
    removed: { challenges: 1, ledger: 1, audit: 1, idempotencyKeys: 1, registrations: 0 },
  })
  await world.passTime(60)
  const again = await logIn('bob')
  t.match(again, { status: 200, body: { delivery: { resend_in: 30 } } }, 'after his last challenge was pruned')
  t.equal((await verify(again.body.pending_token, world.lastCode())).status, 200)
})
