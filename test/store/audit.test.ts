import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import type { AuditEntry } from '../../src/core/audit/ports.ts'
import { Problem } from '../../src/errors.ts'
import { createAuditTrail } from '../../src/store/audit/index.ts'
import { createAuditReport } from '../../src/store/audit/report.ts'
import { createDatabase, type Database } from '../../src/store/database.ts'
import { createUserAdmin } from '../../src/store/users/admin.ts'
import { createTestDatabase, query } from '../support/postgres.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const entry = (changes: Partial<AuditEntry> = {}): AuditEntry => ({
  event: 'code_wrong',
  userId: null,
  address: '192.0.2.7',
  requestId: randomUUID(),
  facts: { attempts_left: 4 },
  at: new Date(),
  ...changes,
})

/** Creates a trail on a new database whose statements can be counted and rejected. */
const setUp = async (t: Test, reachedBy = (url: string): string => url) => {
  const url = await createTestDatabase(t)
  const database = createDatabase({ url: reachedBy(url), poolSize: 2, onIdleError: () => {} })
  t.teardown(() => database.close())
  const world = { isAway: false, statements: 0 }
  const watched: Database = {
    ...database,
    prepare(...all) {
      const statement = database.prepare(...all)
      return (parameters) => {
        world.statements += 1
        if (world.isAway) return Promise.reject(new Problem('service_unavailable', { retryAfter: 5 }))
        return statement(parameters) as never
      }
    },
  }
  const lost: { count: number; why: string }[] = []
  const trail = createAuditTrail(watched, {
    onLost: (count, error) => lost.push({ count, why: (error as Error).message }),
  })
  const rows = () => query(url, 'select * from audit_events order by audit_event_id')
  /** Resolves when this many rows exist. */
  const written = async (count: number) => {
    for (let tries = 0; tries < 200; tries += 1) {
      if (Number((await query(url, 'select count(*) from audit_events'))[0]!['count']) >= count) return rows()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error('the rows were not written')
  }
  return { url, database, trail, world, lost, rows, written }
}

t.test('stores decisions unchanged, in their order and with their time', async (t) => {
  const { trail, rows } = await setUp(t)
  const userId = randomUUID()
  const first = entry({
    event: 'login_ok',
    userId,
    at: new Date('2026-11-20T08:00:00.123Z'),
    facts: { challenge_id: 'c', moved: true, took: 12, reason: null },
  })
  const second = entry({ event: 'code_ok', userId, at: new Date('2026-11-20T08:00:00.122Z') })
  trail.record(first)
  trail.record(second)
  await trail.drain()
  const kept = await rows()
  t.strictSame(
    kept.map(({ created_at: createdAt }) => createdAt),
    [first.at, second.at],
  )
  t.match(kept, [
    {
      event: 'login_ok',
      user_id: userId,
      address: '192.0.2.7',
      request_id: first.requestId,
      facts: { challenge_id: 'c', moved: true, took: 12, reason: null },
    },
    { event: 'code_ok', user_id: userId, request_id: second.requestId },
  ])
})

t.test('writes many decisions in few statements and a single one at once', async (t) => {
  const { trail, world, written } = await setUp(t)
  trail.record(entry())
  await written(1)
  t.equal(world.statements, 1)
  for (let round = 0; round < 10; round += 1) {
    for (let nth = 0; nth < 100; nth += 1) trail.record(entry({ facts: { nth: round * 100 + nth } }))
    await new Promise((resolve) => setImmediate(resolve))
  }
  const rows = await written(1_001)
  t.ok(world.statements <= 11, `${world.statements} statements`)
  t.strictSame(
    rows.slice(1).map(({ facts }) => (facts as { nth: number }).nth),
    Array.from({ length: 1_000 }, (_, nth) => nth),
  )
})

t.test('truncates and cleans values that the database cannot store', async (t) => {
  const { trail, rows, lost } = await setUp(t)
  trail.record(
    entry({
      event: 'code\0_sent',
      address: `::1\ud800${'x'.repeat(300)}`,
      requestId: 'not a uuid',
      facts: { reason: `\u0007${'r'.repeat(300)}`, 'na\0me': 'a\ud83d', emoji: '😀', took: Number.NaN },
    }),
  )
  await trail.drain()
  const [row, ...none] = await rows()
  t.same(none, [])
  t.match(row, {
    event: 'code_sent',
    request_id: null,
    facts: { reason: 'r'.repeat(199), name: 'a', emoji: '😀', took: null },
  })
  t.equal((row!['address'] as string).length, 199)
  t.same(lost, [])
})

t.test('recording never throws and reports invalid entries as lost', async (t) => {
  const { trail, rows, lost } = await setUp(t)
  t.equal(trail.record(entry({ at: new Date(Number.NaN) })), undefined)
  t.equal(trail.record(undefined as never), undefined)
  trail.record(entry())
  await trail.drain()
  t.equal((await rows()).length, 1)
  t.match(lost, [{ count: 1 }, { count: 1 }])
})

t.test('drops only the rows that the database refuses', async (t) => {
  const { trail, rows, lost } = await setUp(t)
  const refused = [0, 7, 8, 49]
  for (let nth = 0; nth < 50; nth += 1) {
    trail.record(entry({ facts: { nth }, userId: refused.includes(nth) ? 'nobody' : null }))
  }
  await trail.drain()
  t.strictSame(
    (await rows()).map(({ facts }) => (facts as { nth: number }).nth),
    Array.from({ length: 50 }, (_, nth) => nth).filter((nth) => !refused.includes(nth)),
  )
  t.equal(lost.length, refused.length)
  for (const { count, why } of lost) t.match({ count, why }, { count: 1, why: /invalid input syntax for type uuid/ })
})

t.test('keeps decisions during a database outage and writes each once afterwards', async (t) => {
  let wire: Awaited<ReturnType<typeof startTcpProxy>> | undefined
  const target = new URL(await createTestDatabase(t))
  wire = await startTcpProxy(t, Number(target.port))
  const { trail, rows, written, lost } = await setUp(t, (url) => {
    const through = new URL(url)
    through.hostname = '127.0.0.1'
    through.port = String(wire.port)
    return through.href
  })
  trail.record(entry({ facts: { nth: 0 } }))
  await written(1)

  wire.mode = 'refuse'
  wire.cut()
  for (let nth = 1; nth < 6; nth += 1) {
    trail.record(entry({ facts: { nth } }))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  t.equal((await rows()).length, 1)
  wire.mode = 'pass'
  const back = await written(6)
  t.strictSame(
    back.map(({ facts }) => facts),
    Array.from({ length: 6 }, (_, nth) => ({ nth })),
  )

  // The database writes, but its response is lost.
  wire.mode = 'deaf'
  const twin = entry({ facts: { nth: 6 } })
  trail.record(twin)
  trail.record(twin)
  await written(8)
  trail.record(entry({ facts: { nth: 7 } }))
  await new Promise((resolve) => setTimeout(resolve, 2_600))
  wire.cut()
  wire.mode = 'pass'
  await written(9)
  await trail.drain()
  t.equal((await rows()).length, 9, 'nothing was written twice')
  t.same(lost, [])
})

t.test('retries after 1 s, doubling up to 30 s', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  let [tries, isAway] = [0, true]
  const insert = async () => {
    tries += 1
    if (isAway) throw new Problem('service_unavailable', { retryAfter: 5 })
    return []
  }
  const trail = createAuditTrail({ prepare: () => insert } as never, { onLost: () => t.fail('an entry was lost') })
  trail.record(entry())
  await settled()
  for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
    const before = tries
    trail.record(entry())
    mock.timers.tick(seconds * 1_000 - 1)
    await settled()
    t.equal(tries, before, `not before ${seconds} s`)
    mock.timers.tick(1)
    await settled()
    t.equal(tries, before + 1, `after ${seconds} s`)
  }
  isAway = false
  mock.timers.tick(30_000)
  await settled()
  isAway = true
  trail.record(entry())
  await settled()
  const before = tries
  mock.timers.tick(1_000)
  await settled()
  t.equal(tries, before + 1, 'a success restarts the series')
})

t.test('queues at most 10,000 decisions, drops the oldest beyond, and reports that once per attempt', async (t) => {
  const { trail, world, lost, rows } = await setUp(t)
  world.isAway = true
  for (let nth = 0; nth < 10_500; nth += 1) trail.record(entry({ facts: { nth } }))
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.match(lost, [{ count: 500, why: /queue of entries .* is full/ }])
  for (let nth = 10_500; nth < 10_600; nth += 1) trail.record(entry({ facts: { nth } }))
  world.isAway = false
  await trail.drain()
  t.strictSame(
    lost.map(({ count }) => count),
    [500, 100],
  )
  const all = await rows()
  t.equal(all.length, 10_000)
  t.match([all[0], all.at(-1)], [{ facts: { nth: 600 } }, { facts: { nth: 10_599 } }])
})

t.test('drain retries once and then reports the lost entries', async (t) => {
  const { trail, world, lost, rows } = await setUp(t)
  world.isAway = true
  for (let nth = 0; nth < 3; nth += 1) trail.record(entry())
  await new Promise((resolve) => setTimeout(resolve, 20))
  const before = world.statements
  await trail.drain()
  t.equal(world.statements, before + 1)
  t.match(lost, [{ count: 3, why: /unavailable/ }])
  world.isAway = false
  await trail.drain()
  t.equal((await rows()).length, 0)
  trail.record(entry())
  await trail.drain()
  t.equal((await rows()).length, 1, 'later entries are written as usual')
})

t.test('a pending retry does not keep the process alive', async (t) => {
  const script = `
    const { createAuditTrail } = await import('./src/store/audit/index.ts')
    const db = { prepare: () => async () => { throw new Error('away') } }
    createAuditTrail(db, { onLost() {} }).record(
      { event: 'x', userId: null, address: '', requestId: '', facts: {}, at: new Date() })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit', timeout: 20_000 })
  const [code] = await once(child, 'exit')
  t.equal(code, 0)
})

t.test('refuses updates of entries and deletions within the last day', async (t) => {
  const { url, trail, rows } = await setUp(t)
  const yesterday = new Date(Date.now() - 25 * 3_600_000)
  trail.record(entry({ event: 'login_ok', at: yesterday }))
  trail.record(entry({ event: 'code_ok' }))
  await trail.drain()
  for (const statement of [
    `update audit_events set event = 'x'`,
    `update audit_events set created_at = now() - interval '2 days' where event = 'code_ok'`,
    `delete from audit_events where event = 'code_ok'`,
    'delete from audit_events',
    'truncate audit_events',
  ]) {
    await t.rejects(query(url, statement), { message: 'audit_events is append-only', code: '23000' }, statement)
  }
  t.equal((await rows()).length, 2)
  await query(url, `delete from audit_events where event = 'login_ok'`)
  t.match(await rows(), [{ event: 'code_ok' }], 'older entries can be deleted')
})

t.test('the report lists one user’s decisions, newest first, before a given time', async (t) => {
  const { database, trail } = await setUp(t)
  const users = createUserAdmin(database)
  const add = async (username: string, phone: string) =>
    (await users.add({ username, passwordHash: '$argon2id$x', factor: 'sms', phone }))!
  const alice = await add('alice', '+12025550143')
  const bob = await add('bob', '+12025550144')
  const moment = (second: number) => new Date(Date.UTC(2026, 10, 20, 8, 0, second))
  for (const second of [1, 2, 2, 3]) {
    trail.record(entry({ userId: alice, at: moment(second), facts: { second } }))
    trail.record(entry({ userId: bob, at: moment(second), facts: { second: 100 } }))
  }
  trail.record(entry({ userId: null, at: moment(9) }))
  await trail.drain()

  const report = createAuditReport(database)
  const seconds = async (range: { limit: number; before?: Date }) =>
    (await report.ofUser('ALICE', range))?.map(({ facts }) => facts['second'])
  t.strictSame(await seconds({ limit: 50 }), [3, 2, 2, 1])
  t.strictSame(await seconds({ limit: 2 }), [3, 2])
  t.strictSame(await seconds({ limit: 50, before: moment(2) }), [1])
  t.strictSame(await seconds({ limit: 50, before: moment(1) }), [])
  t.equal(await report.ofUser('nobody', { limit: 50 }), undefined)
  const [latest] = (await report.ofUser('alice', { limit: 1 }))!
  t.strictSame(latest!.createdAt, moment(3))
  t.match(latest, { event: 'code_wrong', address: '192.0.2.7', requestId: String })
})
