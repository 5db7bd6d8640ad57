import pg from 'pg'
import t, { type Test } from 'tap'
import { createDatabase } from '../../src/store/database.ts'
import { createHousekeeping } from '../../src/store/housekeeping/index.ts'
import { BATCH, type Retention } from '../../src/store/housekeeping/retention-rules.ts'
import { createTestDatabase, query } from '../support/postgres.ts'

const RETENTION: Retention = { challengeDays: 1, sessionDays: 7, ledgerDays: 90, auditDays: 90 }

/** Creates two instances on one database. */
const setUp = async (t: Test) => {
  const url = await createTestDatabase(t)
  const [one, other] = [0, 1].map(() => {
    const database = createDatabase({ url, poolSize: 2, onIdleError: () => {} })
    t.teardown(() => database.close())
    return createHousekeeping(database)
  })
  const connect = async () => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    t.teardown(() => client.end())
    return client
  }
  return { one: one!, other: other!, connect, sql: (text: string, values?: unknown[]) => query(url, text, values) }
}

const NOTHING = {
  idempotencyKeys: 0,
  nonces: 0,
  passwordAttempts: 0,
  registrations: 0,
  invites: 0,
  sessions: 0,
  devices: 0,
  challenges: 0,
  budgets: 0,
  ledger: 0,
  events: 0,
  audit: 0,
}

type Sql = Awaited<ReturnType<typeof setUp>>['sql']

/** Adds a user with a factor and returns the id. */
const addUser = async (sql: Sql, name: string): Promise<string> => {
  const [row] = await sql(
    `with u as (
       insert into users (user_id, username, username_key) values (gen_random_uuid(), $1, $1) returning user_id
     )
     insert into factors (user_id, factor, phone) select user_id, 'sms', '+12025550143' from u returning user_id`,
    [name],
  )
  return String(row!['user_id'])
}

/** Adds a challenge whose code expired this long ago and returns the id. */
const addChallenge = async (sql: Sql, userId: string, ago: string): Promise<string> => {
  const [row] = await sql(
    `insert into challenges (challenge_id, user_id, purpose, factor, channel, auth_epoch, code_hash, max_attempts, expires_at)
     values (gen_random_uuid(), $1, 'login', 'sms', 'sms', 0, sha256('x'), 5, now() - $2::interval) returning challenge_id`,
    [userId, ago],
  )
  return String(row!['challenge_id'])
}

const SEND = `insert into sends (send_id, challenge_id, user_id, provider, channel, prefix, phone_hash, segments, country,
  created_at) select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'test', 'sms', '+1', sha256('x'), 1, `

t.test('deletes expired rows and keeps all others', async (t) => {
  const { one, sql } = await setUp(t)
  await sql(`
    insert into audit_events (created_at, event, address, facts)
    select now() - interval '90 days' + x, case when x < interval '0' then 'over' else 'kept' end, '', '{}'
    from unnest(array[interval '-1 s', '-100 days', '1 minute', '89 days', '90 days']) x`)
  await sql(`
    insert into used_nonces (nonce_hash, expires_at)
    values ('over', now()), ('over2', now() - interval '9 days'), ('kept', now() + interval '1 minute')`)
  await sql(`
    insert into password_attempts (key, times) values
      ('over', array[now() - interval '2 h', now() - interval '61 minutes']), ('over2', '{}'),
      ('kept', array[now() - interval '2 h', now() - interval '59 minutes']), ('kept2', array[now()])`)
  await sql(`
    insert into events (type, data, created_at, delivered_at, abandoned_at) values
      ('over', '{}', now() - interval '31 days', now(), null), ('over', '{}', now() - interval '31 days', null, now()),
      ('over', '{}', now() - interval '31 days', null, null),
      ('kept', '{}', now() - interval '29 days', now(), null), ('kept', '{}', now(), null, null)`)
  await sql(`
    insert into send_budgets (scope, day)
    select scope, (now() at time zone 'UTC')::date - days
    from (values ('over', 90), ('over', 400), ('kept', 89), ('kept', 0)) x (scope, days)`)
  await sql(`
    insert into idempotency_keys (key_hash, fingerprint, user_id, challenge_id, issued_at, secret_id, expires_at)
    select name::bytea, '', gen_random_uuid(), gen_random_uuid(), 0, '', at
    from (values ('over', now()), ('kept', now() + interval '1 minute')) x (name, at)`)
  await sql(`${SEND} case when ago > interval '90 days' then 'over' else 'kept' end, now() - ago
    from unnest(array[interval '90 days 1 minute', '300 days', '90 days -1 minute', '0']) ago`)
  await sql(`
    insert into invites (invite_hash, note, expires_at)
    values (sha256('1'), 'over', now() - interval '31 days'), (sha256('2'), 'kept', now() - interval '29 days')`)

  t.strictSame(await one.prune(RETENTION), {
    ended: 'done',
    removed: {
      ...NOTHING,
      audit: 2,
      idempotencyKeys: 1,
      nonces: 2,
      passwordAttempts: 2,
      events: 3,
      budgets: 2,
      ledger: 2,
      invites: 1,
    },
  })
  for (const [table, key, left] of [
    ['audit_events', 'event', 3],
    ['idempotency_keys', `convert_from(key_hash, 'UTF8')`, 1],
    ['used_nonces', `convert_from(nonce_hash, 'UTF8')`, 1],
    ['password_attempts', `convert_from(key, 'UTF8')`, 2],
    ['events', 'type', 2],
    ['send_budgets', 'scope', 2],
    ['sends', 'country', 2],
    ['invites', 'note', 1],
  ] as const) {
    const keys = (await sql(`select ${key} as key from ${table}`)).map((row) => String(row['key']))
    t.equal(keys.length, left, table)
    for (const name of keys) t.match(name, /^kept/, table)
  }
  t.strictSame(await one.prune(RETENTION), { ended: 'done', removed: NOTHING })
})

t.test('deletes a challenge and its pointer a day after its code expired', async (t) => {
  const { one, sql } = await setUp(t)
  const [quiet, often, begun] = [await addUser(sql, 'quiet'), await addUser(sql, 'often'), await addUser(sql, 'begun')]
  const point = (user: string, challenge: string) =>
    sql(
      `update users set login_challenge_id = $2, send_step = 3, next_send_at = now() - interval '1 day' where user_id = $1`,
      [user, challenge],
    )
  await point(quiet, await addChallenge(sql, quiet, '1 day 1 minute'))
  await addChallenge(sql, quiet, '9 days')
  const edge = await addChallenge(sql, often, '1 day -1 minute')
  await addChallenge(sql, often, '2 days')
  await point(often, edge)
  const former = await addChallenge(sql, begun, '3 days')
  const live = await addChallenge(sql, begun, '-4 minutes')
  await point(begun, live)

  t.match(await one.prune(RETENTION), { removed: { challenges: 3 } })
  const left = (await sql('select challenge_id from challenges')).map((row) => row['challenge_id'])
  t.strictSame(left.sort(), [edge, former, live].sort(), 'a new login may return to the former challenge')
  t.strictSame(await sql('select username, login_challenge_id from users order by username'), [
    { username: 'begun', login_challenge_id: live },
    { username: 'often', login_challenge_id: edge },
    { username: 'quiet', login_challenge_id: null },
  ])
  await sql(`update challenges set expires_at = now() where challenge_id = $1`, [live])
  t.match(await one.prune(RETENTION), { removed: { challenges: 1 } })
  t.strictSame(await sql(`select login_challenge_id from users where username = 'begun'`), [
    { login_challenge_id: live },
  ])
  t.match(
    await one.prune({ ...RETENTION, challengeDays: 30 }),
    { removed: NOTHING },
    'for the configured number of days',
  )
})

t.test('deletes a session and its tokens seven days after its expiry or revocation', async (t) => {
  const { one, sql } = await setUp(t)
  const user = await addUser(sql, 'alice')
  for (const [name, expires, revoked] of [
    ['over', '7 days 1 minute', null],
    ['over', '-1 day', '8 days'],
    ['kept', '7 days -1 minute', null],
    ['kept', '-1 day', '6 days'],
    ['kept', '-1 day', null],
  ]) {
    await sql(
      `with s as (
         insert into sessions (session_id, user_id, auth_epoch, acr, amr, address, name, expires_at, revoked_at)
         values (gen_random_uuid(), $1, 0, 'aal2', '{}', '', $2, now() - $3::interval, now() - $4::interval) returning session_id
       )
       insert into refresh_tokens (token_hash, session_id, generation)
       select sha256((session_id || g::text)::bytea), session_id, g from s, generate_series(1, 600) g`,
      [user, name, expires, revoked],
    )
  }
  await sql(
    `insert into devices (device_id, user_id, auth_epoch, token_hash, address, name, expires_at)
     select gen_random_uuid(), $1, 0, sha256(ago::text::bytea), '', case when ago > interval '7 days' then 'over' else 'kept' end,
       now() - ago from unnest(array[interval '7 days 1 minute', '7 days -1 minute', '-30 days']) ago`,
    [user],
  )
  t.match(await one.prune(RETENTION), { removed: { sessions: 2, devices: 1 } })
  t.strictSame(await sql('select distinct name from sessions union all select distinct name from devices'), [
    { name: 'kept' },
    { name: 'kept' },
  ])
  t.strictSame(await sql('select count(*)::int from refresh_tokens'), [{ count: 1_800 }])
})

t.test('deletes an unconfirmed registration and its data after an hour', async (t) => {
  const { one, sql } = await setUp(t)
  for (const [name, ago] of [
    ['over', '61 minutes'],
    ['kept', '59 minutes'],
  ] as const) {
    const id = await addUser(sql, name)
    await addChallenge(sql, id, '1 minute')
    await sql(`update users set username_key = ' ' || user_id where user_id = $1`, [id])
    await sql(`insert into registrations (user_id, username_key, created_at) values ($1, $2, now() - $3::interval)`, [
      id,
      name,
      ago,
    ])
  }
  await addUser(sql, 'kept too')
  t.match(await one.prune(RETENTION), { removed: { registrations: 1, challenges: 0 } })
  t.strictSame(
    await sql(`select username, (select count(*)::int from factors f where f.user_id = u.user_id) as factors,
      (select count(*)::int from challenges c where c.user_id = u.user_id) as challenges from users u order by username`),
    [
      { username: 'kept', factors: 1, challenges: 1 },
      { username: 'kept too', factors: 1, challenges: 0 },
    ],
  )
  t.strictSame(await sql('select username_key from registrations'), [{ username_key: 'kept' }])
})

t.test('keeps a registration whose first code is being verified', async (t) => {
  const { one, sql, connect } = await setUp(t)
  const id = await addUser(sql, 'late')
  await sql(`update users set username_key = ' late'`)
  await sql(
    `insert into registrations (user_id, username_key, created_at) values ($1, 'late', now() - interval '2 h')`,
    [id],
  )
  for (const lock of [
    'select from factors for no key update',
    'select from users for share',
    'select from registrations for update',
  ]) {
    const client = await connect()
    await client.query('begin')
    await client.query(lock)
    t.match(await one.prune(RETENTION), { ended: 'done', removed: { registrations: 0 } }, lock)
    await client.query('rollback')
  }
  t.match(await one.prune(RETENTION), { removed: { registrations: 1 } })
})

t.test('keeps the audit trail and the ledger for the configured days', async (t) => {
  const { one, sql } = await setUp(t)
  await sql(`
    insert into audit_events (created_at, event, address, facts)
    select now() - days * interval '1 day' - interval '1 minute', days::text, '', '{}' from unnest(array[0, 1, 6, 7, 8]) days`)
  await sql(
    `${SEND} 'US', now() - days * interval '1 day' - interval '1 minute' from unnest(array[0, 30, 31, 60]) days`,
  )
  t.match(await one.prune({ ...RETENTION, auditDays: 7, ledgerDays: 31 }), { removed: { audit: 2, ledger: 2 } })
  t.match(await one.prune({ ...RETENTION, auditDays: 1, ledgerDays: 31 }), { removed: { audit: 2, ledger: 0 } })
  t.match(await sql('select event from audit_events'), [{ event: '0' }])
})

t.test('one of two parallel instances prunes, and each row is deleted once', async (t) => {
  const { one, other, sql } = await setUp(t)
  await sql(`
    insert into audit_events (created_at, event, address, facts)
    select now() - interval '100 days', 'over', '', '{}' from generate_series(1, 12000)`)
  await sql(`insert into used_nonces select sha256(x::text::bytea), now() from generate_series(1, 5000) x`)
  const runs = [one.prune(RETENTION), other.prune(RETENTION), one.prune(RETENTION)]
  const ended = await Promise.all(runs)
  const outcomes = ended.map((run) => run.ended)
  t.ok(outcomes.includes('done'), 'one completes')
  t.ok(outcomes.includes('busy'), 'another skips')
  const sum = (kind: 'audit' | 'nonces') => ended.reduce((all, { removed }) => all + removed[kind], 0)
  t.equal(sum('audit'), 12_000)
  t.equal(sum('nonces'), 5_000)
  t.strictSame(await sql('select from audit_events union all select from used_nonces'), [])
})

t.test('skips pruning at once while another instance holds the lock', async (t) => {
  const { one, sql, connect } = await setUp(t)
  await sql(`insert into used_nonces select sha256(x::text::bytea), now() from generate_series(1, 3) x`)
  const client = await connect()
  await client.query('begin')
  await client.query(`select pg_advisory_xact_lock(hashtextextended('doorcode housekeeping', 0))`)
  const start = performance.now()
  t.strictSame(await one.prune(RETENTION), { ended: 'busy', removed: NOTHING })
  t.ok(performance.now() - start < 500)
  await client.query('rollback')
  t.match(await one.prune(RETENTION), { ended: 'done', removed: { nonces: 3 } })
  const locks = `select from pg_locks l join pg_database d on d.oid = l.database
    where l.locktype = 'advisory' and d.datname = current_database()`
  t.strictSame(await sql(locks), [], 'no lock remains')
})

t.test('skips locked rows without waiting', async (t) => {
  const { one, sql, connect } = await setUp(t)
  await sql(`insert into used_nonces select sha256(x::text::bytea), now() from generate_series(1, 3) x`)
  const user = await addUser(sql, 'alice')
  const challenge = await addChallenge(sql, user, '2 days')
  await sql('update users set login_challenge_id = $1', [challenge])
  const client = await connect()
  await client.query('begin')
  await client.query('select from used_nonces limit 1 for update')
  await client.query('select from users for share')
  t.match(await one.prune(RETENTION), { removed: { nonces: 2, challenges: 0 } })
  t.strictSame(await sql('select login_challenge_id from users'), [{ login_challenge_id: challenge }])
  await client.query('rollback')
  t.match(await one.prune(RETENTION), { removed: { nonces: 1, challenges: 1 } })
})

t.test('stops after the current batch', async (t) => {
  const { one, sql } = await setUp(t)
  await sql(`insert into used_nonces select sha256(x::text::bytea), now() from generate_series(1, 20000) x`)
  const stopping = new AbortController()
  const run = one.prune(RETENTION, stopping.signal)
  while (Number((await sql('select count(*)::int from used_nonces'))[0]!['count']) === 20_000) {}
  const start = performance.now()
  stopping.abort()
  const { ended, removed } = await run
  t.equal(ended, 'stopped')
  t.ok(performance.now() - start < 500)
  t.ok(removed.nonces >= BATCH && removed.nonces < 20_000, String(removed.nonces))
  t.strictSame(await sql('select count(*)::int from used_nonces'), [{ count: 20_000 - removed.nonces }])
  t.strictSame(await one.prune(RETENTION, stopping.signal), { ended: 'stopped', removed: NOTHING })
})

t.test('keeps a new password attempt while old ones are deleted', async (t) => {
  const { one, sql } = await setUp(t)
  for (let round = 0; round < 10; round += 1) {
    await sql('delete from password_attempts')
    await sql(`insert into password_attempts values ('key', array[now() - interval '2 h'])`)
    await Promise.all([
      one.prune(RETENTION),
      sql(`
        insert into password_attempts as a values ('key', array[now()])
        on conflict (key) do update set times = a.times || now()`),
    ])
    t.match(await sql(`select times[cardinality(times)] > now() - interval '1 minute' as new from password_attempts`), [
      { new: true },
    ])
  }
})
