import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { createReadiness } from '../../src/start/readiness.ts'
import type { Database } from '../../src/store/database.ts'
import { runHere } from '../cli/tool.ts'
import { createWorld, type World } from '../support/app.ts'

/** What a fresh instance says of the database at this address, and how a login ends there. */
const look = async (world: World, databaseUrl = world.url) => {
  const instance = await world.startInstance({ databaseUrl })
  const [ready, login] = [await instance.get('/health/ready'), await instance.login('alice')]
  return { ready, login }
}

const doctor = async (url: string): Promise<string> =>
  (await runHere(['doctor'], { env: { DATABASE_URL: url } })).stdout

const createBroken = async (t: Test) => {
  const world = await createWorld(t, { invariants: false, resendCooldown: 0 })
  await world.addUser('alice')
  // A database whose shape has changed is not given to another test.
  await world.sql('create function spoiled() returns boolean language sql as $$ select true $$')
  return world
}

t.test('a database that has all is ready, the look leaves nothing, and many of them are one', async (t) => {
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
  t.not(after['lsn'], before['lsn'], 'it has written')
  let looks = 0
  const counted: Database = {
    ...world.database,
    explain: (names) => {
      looks += 1
      return world.database.explain(names)
    },
  }
  const checks = createReadiness({ assertRunning: () => {} }, counted)
  await Promise.all(Array.from({ length: 50 }, () => checks.map(({ check }) => check())).flat())
  t.equal(looks, 1)
  t.match(await doctor(world.url), /^ok +database +the statements of a login: /m)
})

t.test('each right that the role lacks is named by readiness and doctor, and a login is 503', async (t) => {
  const world = await createBroken(t)
  const role = `doorcode_test_${randomBytes(4).toString('hex')}`
  const password = randomBytes(8).toString('hex')
  await world.sql(`create role ${role} login password '${password}'`)
  const url = new URL(world.url)
  url.username = role
  url.password = password
  const drop = () => world.sql(`drop owned by ${role}; drop role ${role}`)
  try {
    const none = await look(world, url.href)
    t.match(none.ready, { status: 503, body: { missing: ['rights'], detail: /lacks .*select on users/ } })
    t.match(none.login, { status: 503, headers: { 'retry-after': String }, body: { code: 'service_unavailable' } })
    t.match(await doctor(url.href), new RegExp(`^fault +database .*${role} lacks .*insert on sends`, 'm'))

    await world.sql(`grant select, insert, update, delete on all tables in schema public to ${role}`)
    // The clock of tests, which no other database has.
    await world.sql(`grant usage on schema doorcode_clock to ${role}`)
    await world.sql(`grant select on all tables in schema doorcode_clock to ${role}`)
    t.match(await look(world, url.href), { ready: { status: 200 }, login: { status: 200 } })
    for (const right of ['insert on send_budgets', 'update on challenges', 'insert on audit_events']) {
      const [action, , table] = right.split(' ')
      await world.sql(`revoke ${action} on ${table} from ${role}`)
      const { ready } = await look(world, url.href)
      t.match(ready, { status: 503, body: { missing: ['rights'], detail: new RegExp(`lacks ${right}\\.`) } }, right)
      await world.sql(`grant ${action} on ${table} to ${role}`)
    }
    await world.sql('revoke execute on all functions in schema public from public')
    t.match((await look(world, url.href)).ready, {
      status: 503,
      body: { missing: ['rights'], detail: /permission denied for function/ },
    })
  } finally {
    await drop()
  }
})

t.test('a table, a column or a function that is gone is named, and what asks for it is 503', async (t) => {
  const world = await createBroken(t)
  for (const [change, name] of [
    ['alter table sends rename column network to moved', /network/],
    ['alter table send_budgets rename to moved', /send_budgets/],
    ['alter function guard_send rename to moved', /guard_send/],
    ['alter schema public rename to moved', /0001_accounts_and_challenges/],
  ] as const) {
    await world.sql(change)
    const { ready, login } = await look(world)
    t.match(ready, { status: 503, body: { missing: ['migrations'], detail: name } }, change)
    t.match(login, { status: 503, headers: { 'retry-after': String }, body: { code: 'service_unavailable' } }, change)
    if (change.includes('guard_send'))
      t.match(await doctor(world.url), /^fault +database +the statements of a login: /m)
  }
})

t.test('the schema of a newer version serves while it fits, and is named when it does not', async (t) => {
  const world = await createBroken(t)
  const env = { DATABASE_URL: world.url }
  await world.sql(`insert into kysely_migration values ('9999_from_the_future', 'now')`)
  t.match(await look(world), { ready: { status: 200 }, login: { status: 200 } })
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
  t.equal((await runHere(['user', 'list'], { env })).code, 0, 'the tool goes on working')

  await world.sql('alter table challenges rename column code_hash to moved')
  const { ready, login } = await look(world)
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

t.test('a function of a newer version serves while it fits, and an older one ends readiness', async (t) => {
  const world = await createBroken(t)
  const env = { DATABASE_URL: world.url }
  const mark = (set: number) =>
    world.sql(`comment on function guard_send is 'Doorcode function set ${set}, SHA-256 ${'0'.repeat(64)}'`)
  await mark(99)
  t.match(await look(world), { ready: { status: 200 }, login: { status: 200 } })
  t.match(await doctor(world.url), /^warning +migrations .*functions\/guard_send/m)
  t.match(await runHere(['migrate'], { env }), {
    code: 0,
    stdout: /it has functions\/guard_send\. Nothing was changed/,
  })
  t.match(await runHere(['migrate', '--strict'], { env }), { code: 1, stderr: /it has functions\/guard_send\.\n$/ })

  await mark(0)
  t.match((await look(world)).ready, {
    status: 503,
    body: { missing: ['migrations'], detail: 'The database lacks functions/guard_send. Run "npx doorcode migrate".' },
  })
  t.match(await doctor(world.url), /^fault +migrations .*functions\/guard_send/m)
  t.match(await runHere(['migrate'], { env }), { code: 0, stdout: 'Ran functions/guard_send.\n' })
  t.match((await look(world)).ready, { status: 200 })
})

t.test('a migration that is missing again, as after a restore, ends readiness', async (t) => {
  const world = await createBroken(t)
  t.equal((await world.get('/health/ready')).status, 200)
  await world.sql(`delete from kysely_migration where name like '0011%'`)
  await new Promise((resolve) => setTimeout(resolve, 1_050))
  t.match(await world.get('/health/ready'), { status: 503, body: { missing: ['migrations'], detail: /lacks 0011_/ } })
})

t.test('a server that is read-only as a whole is not ready, and a login is 503', async (t) => {
  const world = await createBroken(t)
  const readOnly = new URL(world.url)
  // The same as a server's own mode: it comes from nowhere that a role or a database could set it.
  readOnly.searchParams.set('options', `${readOnly.searchParams.get('options')} -c default_transaction_read_only=on`)
  const { ready, login } = await look(world, readOnly.href)
  t.match(ready, { status: 503, body: { missing: ['database'], detail: 'The database is read-only.' } })
  t.match(login, { status: 503, headers: { 'retry-after': String }, body: { code: 'service_unavailable' } })
})
