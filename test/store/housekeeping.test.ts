import pg from 'pg'
import t, { type Test } from 'tap'
import { createDatabase } from '../../src/store/database.ts'
import { createHousekeeping } from '../../src/store/housekeeping.ts'
import { createTestDatabase, query } from '../support/postgres.ts'

/** Two instances on one database. */
const setUp = async (t: Test) => {
  const url = await createTestDatabase(t)
  const [one, other] = [0, 1].map(() => {
    const database = createDatabase({ url, poolSize: 2, onIdleError: () => {} })
    t.teardown(() => database.close())
    return createHousekeeping(database)
  })
  return { url, one: one!, other: other!, sql: (text: string, values?: unknown[]) => query(url, text, values) }
}

const NOTHING = { audit: 0, idempotencyKeys: 0, nonces: 0, passwordAttempts: 0, events: 0, budgets: 0 }

t.test('what is over goes, and what is not stays', async (t) => {
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
    from (values ('over', 91), ('over', 400), ('kept', 90), ('kept', 0)) x (scope, days)`)
  // Whatever else a key has: it goes by its time alone.
  const others = await sql(
    `select column_name, case data_type when 'uuid' then gen_random_uuid()::text when 'integer' then '0' else '' end as value
     from information_schema.columns
     where table_name = 'idempotency_keys' and column_name not in ('key_hash', 'expires_at') and is_nullable = 'NO'
       and column_default is null`,
  )
  const names = others.map((column) => String(column['column_name']))
  const values = others.map(({ value }) => `'${value}'`)
  await sql(`
    insert into idempotency_keys (key_hash, expires_at, ${names.join()})
    values ('over', now(), ${values.join()}), ('kept', now() + interval '1 minute', ${values.join()})`)

  t.strictSame(await one.prune({ auditDays: 90 }), {
    audit: 2,
    idempotencyKeys: 1,
    nonces: 2,
    passwordAttempts: 2,
    events: 3,
    budgets: 2,
  })
  for (const [table, key, left] of [
    ['audit_events', 'event', 3],
    ['idempotency_keys', `convert_from(key_hash, 'UTF8')`, 1],
    ['used_nonces', `convert_from(nonce_hash, 'UTF8')`, 1],
    ['password_attempts', `convert_from(key, 'UTF8')`, 2],
    ['events', 'type', 2],
    ['send_budgets', 'scope', 2],
  ] as const) {
    const keys = (await sql(`select ${key} as key from ${table}`)).map((row) => String(row['key']))
    t.equal(keys.length, left, table)
    for (const name of keys) t.match(name, /^kept/, table)
  }
  t.strictSame(await one.prune({ auditDays: 90 }), NOTHING)
})

t.test('the audit trail is kept for as many days as were asked for', async (t) => {
  const { one, sql } = await setUp(t)
  await sql(`
    insert into audit_events (created_at, event, address, facts)
    select now() - days * interval '1 day' - interval '1 minute', days::text, '', '{}' from unnest(array[0, 1, 6, 7, 8]) days`)
  t.match(await one.prune({ auditDays: 7 }), { audit: 2 })
  t.match(await one.prune({ auditDays: 1 }), { audit: 2 })
  t.match(await sql('select event from audit_events'), [{ event: '0' }])
})

t.test('much is removed batch by batch, and several instances at once remove it once', async (t) => {
  const { one, other, sql } = await setUp(t)
  await sql(`
    insert into audit_events (created_at, event, address, facts)
    select now() - interval '100 days', 'over', '', '{}' from generate_series(1, 45000)`)
  await sql(`insert into used_nonces select sha256(x::text::bytea), now() from generate_series(1, 25000) x`)
  const removed = await Promise.all([one, other, one].map((instance) => instance.prune({ auditDays: 90 })))
  const rest = await one.prune({ auditDays: 90 })
  const sum = (kind: 'audit' | 'nonces') => [...removed, rest].reduce((all, counts) => all + counts[kind], 0)
  t.equal(sum('audit'), 45_000)
  t.equal(sum('nonces'), 25_000)
  t.strictSame(await sql('select from audit_events union all select from used_nonces'), [])
})

t.test('what somebody else has in hand is left alone and not waited for', async (t) => {
  const { url, one, sql } = await setUp(t)
  await sql(`insert into used_nonces select sha256(x::text::bytea), now() from generate_series(1, 3) x`)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('begin')
  await client.query('select from used_nonces limit 1 for update')
  t.match(await one.prune({ auditDays: 90 }), { nonces: 2 })
  await client.query('rollback')
  await client.end()
  t.match(await one.prune({ auditDays: 90 }), { nonces: 1 })
})

t.test('a name that is tried again while its old tries are removed does not lose the new one', async (t) => {
  const { one, sql } = await setUp(t)
  for (let round = 0; round < 10; round += 1) {
    await sql('delete from password_attempts')
    await sql(`insert into password_attempts values ('key', array[now() - interval '2 h'])`)
    await Promise.all([
      one.prune({ auditDays: 90 }),
      sql(`
        insert into password_attempts as a values ('key', array[now()])
        on conflict (key) do update set times = a.times || now()`),
    ])
    t.match(await sql(`select times[cardinality(times)] > now() - interval '1 minute' as new from password_attempts`), [
      { new: true },
    ])
  }
})
