import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { checkBackups, checkDatabase, checkMigrations } from '../../src/doctor/database-check.ts'
import { readDatabase } from '../../src/doctor/database-report.ts'
import type { ServerFacts } from '../../src/store/readiness/server-facts.ts'
import { createTestDatabase, query } from '../support/postgres.ts'

const read = (url: string | undefined) => readDatabase(url, { now: Date.now })

/** Returns the report of a database that answers. */
const readOpen = async (url: string) => {
  const report = await read(url)
  if (!report.ok) throw new Error(report.reason)
  return report
}

t.test('reads the version, role, clock and table contents of a real database', async (t) => {
  const url = await createTestDatabase(t)
  await query(
    url,
    `insert into audit_events (event, address, facts) select 'login_failed', '172.18.0.1', '{}' from generate_series(1, 60)`,
  )
  const { server, clock, state, service, guard } = await readOpen(url)
  t.ok(server.version >= 15)
  t.equal(server.role, decodeURIComponent(new URL(url).username))
  t.ok(clock.time && Math.abs(clock.time.getTime() - Date.now()) < 60_000)
  t.match(state, { pending: [], unknown: [], readOnly: false, tables: [], rights: [], refusal: undefined })
  t.match(service, {
    users: 0,
    seen: { requests: 60, addresses: 1, example: '172.18.0.1' },
    events: { abandoned: 0, waiting: 0 },
  })
  t.strictSame(guard, { blocks: [], budgets: [] })
})

t.test('distinguishes a superuser from other roles', async (t) => {
  const url = await createTestDatabase(t)
  const role = `doorcode_test_${randomBytes(4).toString('hex')}`
  const password = randomBytes(8).toString('hex')
  await query(url, `create role ${role} login password '${password}'`)
  t.teardown(() => query(url, `drop role ${role}`))
  const plain = new URL(url)
  plain.username = role
  plain.password = password
  const roleOf = async (address: string) => {
    const { server } = await readOpen(address)
    return checkDatabase({ facts: server, poolSize: 1 }).find(({ looked }) => looked === 'the role of DATABASE_URL')
  }
  t.match(await roleOf(plain.href), { level: 'ok', found: `${role} is not a superuser.` })
  await query(url, `alter role ${role} superuser`)
  t.match(await roleOf(plain.href), { level: 'fault', found: /is a superuser/, todo: /create role doorcode/ })
})

t.test('detects a schema that is behind, ahead or missing', async (t) => {
  const url = await createTestDatabase(t)
  t.teardown(() => query(url, 'alter table kysely_moved rename to kysely_migration').catch(() => {}))
  const find = async () => checkMigrations((await readOpen(url)).state)
  t.match(await find(), [{ level: 'ok' }])
  await query(url, `insert into kysely_migration values ('9999_from_the_future', 'now')`)
  t.match(await find(), [{ level: 'warning', found: /has 9999_from_the_future, which a newer version added/ }])
  await query(url, `delete from kysely_migration where name like '9999%' or name like '0011%'`)
  t.match(await find(), [{ level: 'fault', found: /lacks 0011_/, todo: 'Run: npx doorcode migrate' }])
  await query(url, 'alter table kysely_migration rename to kysely_moved')
  t.match(await find(), [{ level: 'fault', found: 'The database lacks every migration.' }])
})

t.test('reports why a database does not answer, without the password', async (t) => {
  const url = new URL(await createTestDatabase(t))
  const change = (part: Partial<Record<'pathname' | 'port' | 'username' | 'host', string>>) =>
    Object.assign(new URL(url), { password: 'hidden-password' }, part).href
  const web = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1')
  await once(web, 'listening')
  t.teardown(() => web.close())
  for (const [address, reason] of [
    [undefined, /DATABASE_URL is not set/],
    [change({ pathname: '/nowhere' }), /database "nowhere" does not exist|password/],
    [change({ username: 'no_such_role' }), /role "no_such_role" does not exist|password/],
    [change({ host: '127.0.0.1:1' }), /ECONNREFUSED/],
    [change({ host: 'no-such-host.invalid' }), /ENOTFOUND|EAI_AGAIN/],
    [change({ host: `127.0.0.1:${(web.address() as { port: number }).port}` }), /./],
  ] as const) {
    const report = await read(address)
    t.match(report, { ok: false, reason })
    t.notMatch(JSON.stringify(report), /hidden-password/)
  }
})

const FACTS: ServerFacts = {
  version: 18,
  role: 'doorcode',
  superuser: false,
  encrypted: true,
  address: '10.0.0.9',
  maxConnections: 97,
  usedConnections: 20,
  instances: 2,
  fsync: true,
  synchronousCommit: 'on',
  standby: false,
  archive: { mode: 'on', lastArchived: new Date(), lastFailed: null },
  now: new Date(),
}

const levelsOf = (change: Partial<ServerFacts>, poolSize = 10) =>
  checkDatabase({ facts: { ...FACTS, ...change }, poolSize })
    .filter(({ level }) => level !== 'ok')
    .map(({ level, looked }) => `${level}: ${looked}`)

t.test('reports an old version, plaintext, few connections, unsafe commits and a standby', async (t) => {
  t.strictSame(levelsOf({}), [])
  t.strictSame(levelsOf({ version: 14 }), ['fault: the version of Postgres'])
  t.strictSame(levelsOf({ encrypted: false, address: null }), [])
  t.strictSame(levelsOf({ encrypted: false, address: '127.0.0.1' }), [])
  t.strictSame(levelsOf({ encrypted: false, address: '10.0.0.9' }), ['warning: DATABASE_URL, the connection'])
  t.strictSame(levelsOf({ encrypted: false, address: '8.8.8.8' }), ['fault: DATABASE_URL, the connection'])
  t.strictSame(levelsOf({ instances: 10 }), ['fault: DATABASE_POOL_SIZE and max_connections'])
  t.strictSame(levelsOf({ usedConnections: 90 }), ['warning: DATABASE_POOL_SIZE and max_connections'])
  t.strictSame(levelsOf({ fsync: false }), ['fault: fsync and synchronous_commit'])
  t.strictSame(levelsOf({ synchronousCommit: 'off' }), ['fault: fsync and synchronous_commit'])
  t.strictSame(levelsOf({ standby: true }), ['fault: DATABASE_URL'])
})

t.test('never reports backups as ok without evidence', async (t) => {
  const now = Date.now()
  const look = (archive: ServerFacts['archive']) => checkBackups({ archive, now })
  const [yesterday, today] = [new Date(now - 2 * 86_400_000), new Date(now)]
  t.match(look({ mode: 'off', lastArchived: null, lastFailed: null }), [
    { level: 'warning', found: /does not archive/, todo: /Check that backups/ },
  ])
  t.match(look({ mode: 'on', lastArchived: today, lastFailed: yesterday }), [
    { level: 'warning', found: /SQL does not show base backups/ },
  ])
  t.match(look({ mode: 'on', lastArchived: yesterday, lastFailed: today }), [
    { level: 'fault', found: /Archiving the log fails/ },
  ])
  t.match(look({ mode: 'on', lastArchived: yesterday, lastFailed: null }), [
    { level: 'warning', found: 'Postgres archived nothing for a day.' },
  ])
})
