import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { createReadiness } from '../../src/start/readiness.ts'
import type { Database } from '../../src/store/database.ts'
import { runHere } from '../cli/tool.ts'
import { createWorld, type World } from '../support/app.ts'

/** Starts an instance on the database and returns its readiness and the response to a login. */
const probe = async (world: World, databaseUrl = world.url) => {
  const instance = await world.startInstance({ databaseUrl })
  const [ready, login] = [await instance.get('/health/ready'), await instance.login('alice')]
  return { ready, login }
}

const doctor = async (url: string): Promise<string> =>
  (await runHere(['doctor'], { env: { DATABASE_URL: url } })).stdout

const createBroken = async (t: Test) => {
  const world = await createWorld(t, { invariants: false, resendCooldown: 0 })
  await world.addUser('alice')
  // Prevents the reuse of the changed database in another test.
  await world.sql('create function spoiled() returns boolean language sql as $$ select true $$')
  return world
}

t.test('reports a complete database as ready, leaves no rows and shares parallel checks', async (t) => {
  const world = await createBroken(t)
  const rows = async () =>
    (
      await world.sql(`select (select count(*) from events) + (select count(*) from sends) + (select count(*) from password_attempts)
      + (select count(*) from challenges) + (select count(*) from send_budgets) as n, pg_current_wal_insert_lsn()::text as lsn`)
    )[0]!
  const before = await rows()
  t.match(await world.get('/health/ready'), { status: 200, body: { status: 'ready' } })
  const after = await rows()
  t.equal(after['n'], before['n'])
  t.not(after['lsn'], before['lsn'], 'the check has written to the WAL')
  let probes = 0
  const counted: Database = {
    ...world.database,
    explain: (names) => {
      probes += 1
      return world.database.explain(names)
    },
  }
  const checks = createReadiness({ assertRunning: () => {} }, counted)
  await Promise.all(Array.from({ length: 50 }, () => checks.map(({ check }) => check())).flat())
  t.equal(probes, 1)
  t.match(await doctor(world.url), /^ok +database +the statements of a login: /m)
})

t.test('names each missing right in readiness and doctor, and returns 503 to a login', async (t) => {
  const world = await createBroken(t)
  const role = `doorcode_test_${randomBytes(4).toString('hex')}`
  const password = randomBytes(8).toString('hex')
  await world.sql(`create role ${role} login password '${password}'`)
  const url = new URL(world.url)
  url.username = role
  url.password = password
  const drop = () => world.sql(`drop owned by ${role}; drop role ${role}`)
  try {
    const none = await probe(world, url.href)
    t.match(none.ready, { status: 503, body: { missing: ['rights'], detail: /lacks .*select on users/ } })
    t.match(none.login, { status: 503, headers: { 'retry-after': String }, body: { code: 'service_unavailable' } })
    t.match(await doctor(url.href), new RegExp(`^fault +database .*${role} lacks .*insert on sends`, 'm'))

    await world.sql(`grant select, insert, update, delete on all tables in schema public to ${role}`)
    // The clock of the tests, which exists only in test databases.
    await world.sql(`grant usage on schema doorcode_clock to ${role}`)
    await world.sql(`grant select on all tables in schema doorcode_clock to ${role}`)
    t.match(await probe(world, url.href), { ready: { status: 200 }, login: { status: 200 } })
    for (const right of ['insert on send_budgets', 'update on challenges', 'insert on audit_events']) {
      const [action, , table] = right.split(' ')
      await world.sql(`revoke ${action} on ${table} from ${role}`)
      const { ready } = await probe(world, url.href)
      t.match(ready, { status: 503, body: { missing: ['rights'], detail: new RegExp(`lacks ${right}\\.`) } }, right)
      await world.sql(`grant ${action} on ${table} to ${role}`)
    }
    await world.sql('revoke execute on all functions in schema public from public')
    t.match((await probe(world, url.href)).ready, {
      status: 503,
      body: { missing: ['rights'], detail: /permission denied for function/ },
    })
  } finally {
    await drop()
  }
})

t.test('names a missing table, column or function, and returns 503 to calls that need it', async (t) => {
  const world = await createBroken(t)
  for (const [change, name] of [
    ['alter table sends rename column network to moved', /network/],
    ['alter table send_budgets rename to moved', /send_budgets/],
    ['alter function guard_send rename to moved', /guard_send/],
    ['alter schema public rename to moved', /0001_accounts_and_challenges/],
  ] as const) {
    await world.sql(change)
    const { ready, login } = await probe(world)
    t.match(ready, { status: 503, body: { missing: ['migrations'], detail: name } }, change)
    t.match(login, { status: 503, headers: { 'retry-after': String }, body: { code: 'service_unavailable' } }, change)
    if (change.includes('guard_send'))
      t.match(await doctor(world.url), /^fault +database +the statements of a login: /m)
  }
})

t.test('works with a compatible newer schema and names an incompatible one', async (t) => {
  const world = await createBroken(t)
  const env = { DATABASE_URL: world.url }
  await world.sql(`insert into kysely_migration values ('9999_from_the_future', 'now')`)
  t.match(await probe(world), { ready: { status: 200 }, login: { status: 200 } })
  t.match(await doctor(world.url), /^warning +migrations .*9999_from_the_future/m)
  t.strictSame(await runHere(['migrate'], { env }), {
    code: 0,
    stdout: 'The schema is newer than this version: it has 9999_from_the_future. Nothing was changed.\n',
    stderr: '',
  })
  t.strictSame(await runHere(['migrate', '--strict'], { env }), {
    code: 1,
    stdout: '',
    stderr: 'The schema is newer than this version: it has 9999_from_the_future.\n',
  })
  t.equal((await runHere(['user', 'list'], { env })).code, 0, 'other commands still work')

  await world.sql('alter table challenges rename column code_hash to moved')
  const { ready, login } = await probe(world)
  t.match(ready, {
    status: 503,
    body: { missing: ['migrations'], detail: /code_hash.*newer than this version: it has 9999_from_the_future/ },
  })
  t.match(login, { status: 503, body: { code: 'service_unavailable' } })

  await world.sql(`delete from kysely_migration where name like '0010%'`)
  const { code, stderr } = await runHere(['migrate'], { env })
  t.equal(code, 1)
  t.match(stderr, /^The schema has 9999_from_the_future of a newer version and lacks 0010_admin_keys\./)
})

t.test('works with a newer database function and is not ready with an older one', async (t) => {
  const world = await createBroken(t)
  const env = { DATABASE_URL: world.url }
  const mark = (set: number) =>
    world.sql(`comment on function guard_send is 'Doorcode function set ${set}, SHA-256 ${'0'.repeat(64)}'`)
  await mark(99)
  t.match(await probe(world), { ready: { status: 200 }, login: { status: 200 } })
  t.match(await doctor(world.url), /^warning +migrations .*functions\/guard_send/m)
  t.match(await runHere(['migrate'], { env }), {
    code: 0,
    stdout: /it has functions\/guard_send\. Nothing was changed/,
  })
  t.match(await runHere(['migrate', '--strict'], { env }), { code: 1, stderr: /it has functions\/guard_send\.\n$/ })

  await mark(0)
  t.match((await probe(world)).ready, {
    status: 503,
    body: { missing: ['migrations'], detail: 'The database lacks functions/guard_send. Run "npx doorcode migrate".' },
  })
  t.match(await doctor(world.url), /^fault +migrations .*functions\/guard_send/m)
  t.match(await runHere(['migrate'], { env }), { code: 0, stdout: 'Ran functions/guard_send.\n' })
  t.match((await probe(world)).ready, { status: 200 })
})

t.test('is not ready when a migration disappears, as after a restore', async (t) => {
  const world = await createBroken(t)
  t.equal((await world.get('/health/ready')).status, 200)
  await world.sql(`delete from kysely_migration where name like '0011%'`)
  await new Promise((resolve) => setTimeout(resolve, 1_050))
  t.match(await world.get('/health/ready'), { status: 503, body: { missing: ['migrations'], detail: /lacks 0011_/ } })
})

t.test('is not ready on a read-only server, and returns 503 to a login', async (t) => {
  const world = await createBroken(t)
  const readOnly = new URL(world.url)
  // Equals the mode of a server: neither the role nor the database overrides it.
  readOnly.searchParams.set('options', `${readOnly.searchParams.get('options')} -c default_transaction_read_only=on`)
  const { ready, login } = await probe(world, readOnly.href)
  t.match(ready, { status: 503, body: { missing: ['database'], detail: 'The database is read-only.' } })
  t.match(login, { status: 503, headers: { 'retry-after': String }, body: { code: 'service_unavailable' } })
})
