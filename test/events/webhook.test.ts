import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { Webhook } from 'standardwebhooks'
import t, { type Test } from 'tap'
import type { DueEvent } from '../../src/core/audit/event-ports.ts'
import type { Outbox } from '../../src/core/outbox.ts'
import { wire } from '../../src/http-client/client.ts'
import { createEventHandler } from '../../src/start/event-webhook.ts'
import { createOutboxWorker } from '../../src/start/outbox-worker.ts'
import { createDatabase } from '../../src/store/database.ts'
import { createEventOutbox } from '../../src/store/outbox/events.ts'
import { createTestDatabase, query } from '../support/postgres.ts'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo='

interface Delivery {
  method: string
  path: string
  headers: Record<string, string>
  body: string
}

type Answer = (response: ServerResponse, delivery: Delivery) => void

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(code, headers).end()

/** Starts a local receiver that records deliveries and sends the given response. */
const startReceiver = async (t: Test, answer: Answer = status(204)) => {
  const receiver = { url: '', answer, deliveries: [] as Delivery[] }
  const server = createServer(async (request: IncomingMessage, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const headers = request.headers as Record<string, string>
    const delivery = { method: request.method!, path: request.url!, headers, body }
    receiver.deliveries.push(delivery)
    receiver.answer(response, delivery)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`
  return receiver
}

/** Creates a database with an outbox, and starts webhooks that poll it. */
const setUp = async (t: Test) => {
  const url = await createTestDatabase(t)
  const database = createDatabase({ url, poolSize: 4, onIdleError: () => {} })
  t.teardown(() => database.close())
  const outbox = createEventOutbox(database)
  const logged: { level: string; facts: Record<string, unknown> }[] = []
  const log = (level: string) => (facts: object) => void logged.push({ level, facts: facts as Record<string, unknown> })
  const sql = (text: string, values?: unknown[]) => query(url, text, values)
  const until = async (isSo: () => boolean | Promise<boolean>) => {
    for (let tries = 0; !(await isSo()); tries += 1) {
      if (tries === 400) throw new Error('the condition was not met within 10 s')
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
  return {
    sql,
    outbox,
    logged,
    until,
    add: (type = 'account.locked', data: object = { user_id: 'u', factor: 'sms', failures: 10 }) =>
      sql('insert into events (type, data) values ($1, $2) returning event_id', [type, data]).then(
        ([row]) => row!['event_id'] as string,
      ),
    makeDue: () => sql('update events set next_attempt_at = now()'),
    row: async () => (await sql('select * from events'))[0]!,
    /** Resolves when the log has this event the given number of times. */
    untilLogged: (event: string, times = 1) =>
      until(() => logged.filter(({ facts }) => facts['event'] === event).length >= times),
    start(to: string, changes: { outbox?: Outbox<DueEvent>; now?: () => number; every?: number } = {}) {
      const { every = 20, ...others } = changes
      const lines = { info: log('info'), warn: log('warn') }
      const handler = createEventHandler({
        outbox,
        url: to,
        secret: SECRET,
        transport: wire,
        now: Date.now,
        log: lines,
        ...others,
      })
      const worker = createOutboxWorker({ handlers: [handler], every, log: lines })
      worker.start()
      t.teardown(() => worker.stop())
      return worker
    },
  }
}

t.test('sends an event as a signed POST that the receiver can verify', async (t) => {
  const { add, start, untilLogged, row, logged } = await setUp(t)
  const receiver = await startReceiver(t)
  const data = { scope: 'country', target: 'ZZ', rule: 'conversion', until: '2026-11-20T08:00:00+00:00', strikes: 1 }
  const eventId = await add('guard.opened', data)
  start(receiver.url)
  await untilLogged('event_delivered')

  const [{ method, path, headers, body }, ...none] = receiver.deliveries as [Delivery]
  t.same(none, [])
  t.strictSame({ method, path }, { method: 'POST', path: '/events' })
  t.match(headers, { 'content-type': 'application/json', 'webhook-id': eventId, 'webhook-timestamp': /^\d{10}$/ })
  const { created_at: createdAt, delivered_at: deliveredAt } = await row()
  t.strictSame(JSON.parse(body), { type: 'guard.opened', timestamp: (createdAt as Date).toISOString(), data })
  t.ok(deliveredAt)

  t.strictSame(new Webhook(SECRET).verify(body, headers), JSON.parse(body), 'verified by the library')
  const byHand = createHmac('sha256', Buffer.from(SECRET.slice('whsec_'.length), 'base64'))
    .update(`${eventId}.${headers['webhook-timestamp']}.${body}`)
    .digest('base64')
  t.equal(headers['webhook-signature'], `v1,${byHand}`, 'verified by hand')
  t.throws(() => new Webhook(SECRET).verify(body.replace('ZZ', 'YY'), headers))
  t.throws(() => new Webhook(SECRET).verify(body, { ...headers, 'webhook-id': 'x' }))
  t.throws(() => new Webhook(`whsec_${'A'.repeat(44)}`).verify(body, headers))
  t.notMatch(JSON.stringify(logged), 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
})

t.test('retries a failed event when due, with the same id and a new signature', async (t) => {
  const { add, start, untilLogged, row, makeDue, logged } = await setUp(t)
  const receiver = await startReceiver(t, status(500))
  const eventId = await add()
  let now = Date.now() - 60_000
  start(receiver.url, { now: () => now })
  await untilLogged('event_not_delivered')
  t.match(logged[0], { level: 'warn', facts: { event_id: eventId, attempt: 1, reason: 'HTTP 500' } })
  await new Promise((resolve) => setTimeout(resolve, 200))
  t.equal(receiver.deliveries.length, 1, 'no retry before it is due')
  t.match(await row(), { attempts: 1, delivered_at: null, abandoned_at: null })

  receiver.answer = status(200)
  now += 60_000
  await makeDue()
  await untilLogged('event_delivered')
  const [first, second, ...none] = receiver.deliveries as [Delivery, Delivery]
  t.same(none, [])
  t.equal(second.headers['webhook-id'], first.headers['webhook-id'])
  t.equal(second.body, first.body)
  t.equal(Number(second.headers['webhook-timestamp']) - Number(first.headers['webhook-timestamp']), 60)
  t.ok(new Webhook(SECRET).verify(second.body, second.headers))
  t.match(await row(), { attempts: 2, delivered_at: Date })
})

t.test('delivers an event again if the instance dies before it records the delivery', async (t) => {
  const { add, start, until, outbox, row, makeDue, untilLogged } = await setUp(t)
  const receiver = await startReceiver(t)
  const eventId = await add()
  const dying = start(receiver.url, { outbox: { ...outbox, done: async () => {} } })
  await until(() => receiver.deliveries.length === 1)
  await dying.stop()
  t.match(await row(), { attempts: 1, delivered_at: null })

  start(receiver.url)
  await makeDue()
  await untilLogged('event_delivered', 2)
  t.strictSame(
    receiver.deliveries.map(({ headers }) => headers['webhook-id']),
    [eventId, eventId],
  )
  await makeDue()
  await new Promise((resolve) => setTimeout(resolve, 200))
  t.equal(receiver.deliveries.length, 2)
})

t.test('abandons an event after a 410 or the last failed attempt', async (t) => {
  const { add, start, untilLogged, sql, makeDue, row, logged } = await setUp(t)
  const receiver = await startReceiver(t, status(410))
  await add()
  start(receiver.url)
  await untilLogged('event_abandoned')
  t.match(logged, [{ level: 'warn', facts: { attempt: 1, reason: 'HTTP 410' } }])
  await makeDue()
  await new Promise((resolve) => setTimeout(resolve, 200))
  t.equal(receiver.deliveries.length, 1)
  t.match(await row(), { abandoned_at: Date, delivered_at: null })

  await sql('delete from events')
  receiver.answer = status(503)
  await sql(`insert into events (type, data, attempts) values ('account.locked', '{}', 8)`)
  await untilLogged('event_not_delivered')
  await makeDue()
  await untilLogged('event_abandoned', 2)
  t.match(logged.at(-1), { facts: { attempt: 10, reason: 'HTTP 503' } })
  t.match(await row(), { abandoned_at: Date, delivered_at: null })
})

t.test('treats a response later than 5 s as a failure', async (t) => {
  const { add, start, untilLogged, row, logged } = await setUp(t)
  const receiver = await startReceiver(t, () => {})
  await add()
  const start_ = performance.now()
  start(receiver.url)
  await untilLogged('event_not_delivered')
  const took = performance.now() - start_
  t.ok(took > 4_900 && took < 8_000, `${Math.round(took)} ms`)
  t.match(logged, [{ facts: { reason: 'TimeoutError' } }])
  t.match(await row(), { delivered_at: null, abandoned_at: null })
})

t.test('treats a redirect as a failure and does not follow it', async (t) => {
  const { add, start, untilLogged, makeDue, logged } = await setUp(t)
  const elsewhere = await startReceiver(t)
  const receiver = await startReceiver(t)
  await add()
  for (const [nth, code] of [301, 302, 307, 308].entries()) {
    receiver.answer = status(code, { location: elsewhere.url })
    if (nth === 0) start(receiver.url)
    else await makeDue()
    await untilLogged('event_not_delivered', nth + 1)
    t.match(logged.at(-1), { facts: { reason: `HTTP ${code}` } })
  }
  t.equal(receiver.deliveries.length, 4)
  t.equal(elsewhere.deliveries.length, 0)
})

t.test('retries after malformed, empty or refused responses', async (t) => {
  const { add, start, untilLogged, makeDue, row, logged } = await setUp(t)
  const malformed = [
    '',
    'not HTTP at all\r\n\r\n',
    'HTTP/1.1 999999 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n',
  ]
  let answer = malformed[0]!
  const open = new Set<Socket>()
  const server = createTcpServer((socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.on('data', () => socket.end(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  t.teardown(() => server.close())
  await add()
  for (const [nth, next] of malformed.entries()) {
    answer = next
    if (nth === 0) start(`http://127.0.0.1:${port}/`)
    else await makeDue()
    await untilLogged('event_not_delivered', nth + 1)
  }
  await new Promise((resolve) => {
    server.close(resolve)
    for (const socket of open) socket.destroy()
  })
  await makeDue()
  await untilLogged('event_not_delivered', malformed.length + 1)
  t.match(logged.at(-1), { facts: { reason: 'ECONNREFUSED' } })
  t.match(await row(), { delivered_at: null, abandoned_at: null })
})

t.test('judges a response of 200 kB by its status', async (t) => {
  const { add, start, untilLogged } = await setUp(t)
  const receiver = await startReceiver(t, (response) => void response.end('x'.repeat(200_000)))
  await add()
  start(receiver.url)
  await untilLogged('event_delivered')
  t.pass()
})

t.test('logs an unreachable outbox once for each outage', async (t) => {
  const { add, start, untilLogged, outbox, logged, until } = await setUp(t)
  const receiver = await startReceiver(t)
  let [claims, isAway] = [0, true]
  start(receiver.url, {
    outbox: {
      ...outbox,
      claim: async (limit) => {
        claims += 1
        if (isAway) throw new Error('away')
        return outbox.claim(limit)
      },
    },
  })
  await until(() => claims > 5)
  t.match(logged, [{ level: 'warn', facts: { event: 'event_outbox_lost', err: { message: 'away' } } }])
  t.equal(logged.length, 1)
  await add()
  isAway = false
  await untilLogged('event_delivered')
  isAway = true
  await untilLogged('event_outbox_lost', 2)
})

t.test('delivers each of many events once from several instances, at most 10 at a time', async (t) => {
  const { start, until, sql } = await setUp(t)
  let [open, most] = [0, 0]
  const receiver = await startReceiver(t, (response) => {
    open += 1
    most = Math.max(most, open)
    setTimeout(() => {
      open -= 1
      response.writeHead(200).end()
    }, 20)
  })
  await sql(`insert into events (type, data) select 'account.locked', '{}' from generate_series(1, 45)`)
  const isDone = async () => (await sql('select from events where delivered_at is null')).length === 0
  const first = start(receiver.url, { every: 3_600_000 })
  await until(isDone)
  t.equal(receiver.deliveries.length, 45)
  t.ok(most > 1 && most <= 10, `${most} at once`)
  await first.stop()

  await sql(`insert into events (type, data) select 'account.locked', '{}' from generate_series(1, 45)`)
  for (let instance = 0; instance < 3; instance += 1) start(receiver.url)
  await until(isDone)
  t.equal(receiver.deliveries.length, 90)
  t.equal(new Set(receiver.deliveries.map(({ headers }) => headers['webhook-id'])).size, 90)
})

t.test('waits for deliveries in progress and starts no new ones when it stops', async (t) => {
  const { start, until, sql } = await setUp(t)
  const open: ServerResponse[] = []
  const receiver = await startReceiver(t, (response) => void open.push(response))
  const add = (count: number) =>
    sql(`insert into events (type, data) select 'account.locked', '{}' from generate_series(1, $1::int)`, [count])
  await add(10)
  const webhook = start(receiver.url)
  await until(() => open.length === 10)
  await add(30)
  let isStopped = false
  const stopped = webhook.stop().then(() => {
    isStopped = true
  })
  await new Promise((resolve) => setTimeout(resolve, 100))
  t.notOk(isStopped)
  for (const response of open) response.writeHead(200).end()
  await stopped
  t.match(await sql('select count(*)::int from events where delivered_at is not null'), [{ count: 10 }])
  await new Promise((resolve) => setTimeout(resolve, 100))
  t.match(await sql('select count(*)::int from events where attempts > 0'), [{ count: 10 }])
  t.equal(receiver.deliveries.length, 10)
  await webhook.stop()
})

t.test('does not keep the process alive while it waits for events', async (t) => {
  const script = `
    const { createEventHandler } = await import('./src/start/event-webhook.ts')
    const { createOutboxWorker } = await import('./src/start/outbox-worker.ts')
    const outbox = { claim: async () => [], done: async () => {}, giveUp: async () => {} }
    const log = { info() {}, warn() {} }
    const handler = createEventHandler({
      outbox, url: 'http://127.0.0.1:1', secret: '${SECRET}', transport: async () => {}, now: Date.now, log,
    })
    createOutboxWorker({ handlers: [handler], every: 10, log }).start()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit', timeout: 20_000 })
  const [code] = await once(child, 'exit')
  t.equal(code, 0)
})
