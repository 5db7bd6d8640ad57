import { type ChildProcess, spawn } from 'node:child_process'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { systemClock } from '../src/start/clock.ts'
import { startService } from '../src/start/service.ts'
import type { ServiceOptions } from '../src/start/service-options.ts'
import type { Shutdown } from '../src/start/shutdown.ts'
import { rounds } from './run/rounds.ts'
import { watchResources } from './support/open-resources.ts'
import { createTestDatabase, query } from './support/postgres.ts'
import { temporaryFolder } from './support/server-process.ts'

/** Parts between two planted faults; a divisor of the number of parts. */
const STEP = rounds({ quick: 5, all: 1 })

/** Listens on a free port and records the open connections. */
const listen = async (t: Test, server: Server) => {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, sockets }
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

/**
 * Prepares a service that uses every resource: a child process for the database, Redis, an event receiver and two
 * ports.
 */
const setUp = async (t: Test) => {
  const url = await createTestDatabase(t)
  const redis = await listen(
    t,
    createServer((socket) => socket.on('data', () => socket.write('+OK\r\n'))),
  )
  const receiver = await listen(
    t,
    createHttpServer((_, response) => void response.end()),
  )
  const DATA_DIR = temporaryFolder(t)
  const children: ChildProcess[] = []
  t.teardown(() => {
    for (const child of children) child.kill()
  })
  const resources = watchResources(t)
  const listeners = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length
  const listenersBefore = listeners()
  let onStop: () => Promise<void> = async () => {}

  const start = async (env: Record<string, string> = {}, changes: Partial<ServiceOptions> = {}) =>
    startService({
      env: {
        PORT: '0',
        ADMIN_PORT: String(await freePort()),
        DATA_DIR,
        LOG_LEVEL: 'fatal',
        REDIS_URL: `redis://127.0.0.1:${redis.port}`,
        EVENTS_WEBHOOK_URL: `http://127.0.0.1:${receiver.port}/events`,
        EVENTS_WEBHOOK_SECRET: `whsec_${'A'.repeat(44)}`,
        ...env,
      },
      clock: systemClock,
      say: () => {},
      startShutdown: (): Shutdown => ({
        isStopping: () => false,
        assertRunning: () => {},
        onStop: (handler) => {
          onStop = handler
        },
      }),
      openDatabase: async () => {
        const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
        children.push(child)
        return { url, close: () => void child.kill() }
      },
      ...changes,
    })

  const pids = async (): Promise<unknown[]> =>
    (
      await query(
        url,
        `select pid from pg_stat_activity
         where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`,
      )
    ).map(({ pid }) => pid)
  const pidsBefore = await pids()
  const connections = async () => (await pids()).filter((pid) => !pidsBefore.includes(pid))

  /** Lists the open resources. */
  const open = async (): Promise<string[]> => [
    ...resources(),
    ...children
      .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
      .map(() => 'a child process'),
    ...Array.from({ length: listeners() - listenersBefore }, () => 'a listener'),
    ...[...redis.sockets].map(() => 'a connection to Redis'),
    ...[...receiver.sockets].map(() => 'a connection to the receiver'),
    ...(await connections()).map(() => 'a connection to the database'),
  ]
  const waitUntil = async (isSo: (names: string[]) => boolean) => {
    let names = await open()
    for (let tries = 0; !isSo(names) && tries < 100; tries += 1) {
      await sleep(20)
      names = await open()
    }
    return names
  }
  return {
    url,
    start,
    redis,
    receiver,
    children,
    signal: () => onStop(),
    waitUntil,
    /** Lists the resources that are still open after some time to close. */
    left: () => waitUntil((names) => names.length === 0),
  }
}

/** Makes the nth registration of an opened resource fail, right after the resource was opened. */
const failAfter = (nth: number): { restore: () => void } => {
  const { adopt, defer } = AsyncDisposableStack.prototype
  let count = 0
  const fail = () => {
    count += 1
    if (count === nth) throw new Error('planted')
  }
  Object.assign(AsyncDisposableStack.prototype, {
    adopt(this: AsyncDisposableStack, value: unknown, close: (value: unknown) => PromiseLike<void>) {
      adopt.call(this, value, close)
      fail()
      return value
    },
    defer(this: AsyncDisposableStack, close: () => PromiseLike<void>) {
      defer.call(this, close)
      fail()
    },
  })
  return { restore: () => Object.assign(AsyncDisposableStack.prototype, { adopt, defer }) }
}

t.test('closes all earlier resources when any part fails', async (t) => {
  const { start, left } = await setUp(t)
  let parts = 0
  for (let isStarted = false; !isStarted; ) {
    const { restore } = failAfter(parts + STEP)
    try {
      const service = await start()
      isStarted = true
      await service.stop()
    } catch (error) {
      if (!t.equal((error as Error).message, 'planted')) break
      parts += STEP
    } finally {
      restore()
    }
    if (!t.strictSame(await left(), [], `after ${parts} parts`)) break
  }
  t.equal(parts, 10, 'two key rings, shutdown, database, Redis, pool, audit trail, ledger, outboxes and the listeners')
})

t.test('closes every open resource at a stop', async (t) => {
  const { url, start, left, waitUntil } = await setUp(t)
  await query(url, `insert into events (type, data) values ('account.locked', '{}')`)
  const service = await start()
  const kinds = [
    'a child process',
    'a connection to Redis',
    'a connection to the receiver',
    'a connection to the database',
    'a listener',
    'Timeout of /src/keys/ring.ts',
    'Timeout of /src/start/outbox-worker.ts',
    'Timeout of /src/start/housekeeping.ts',
  ]
  const isOpen = (names: string[]) => kinds.filter((kind) => names.some((name) => name.startsWith(kind)))
  t.strictSame(isOpen(await waitUntil((names) => isOpen(names).length === kinds.length)), kinds)
  await service.stop()
  t.strictSame(await left(), [])
  await t.rejects(fetch(`${service.address}/health/live`))
  await service.stop()
})

t.test('leaves nothing open after wrong settings, files, databases or ports, and names the cause', async (t) => {
  const { start, left, children, redis } = await setUp(t)
  const fails = async (expected: object, env: Record<string, string>, changes?: Partial<ServiceOptions>) => {
    await t.rejects(start(env, changes), expected as Error)
    t.strictSame(await left(), [])
  }
  await fails({ name: 'SettingsError' }, { CODE_LENGTH: '99' })
  await fails({ message: /JWT_KEYS_FILE/ }, { JWT_KEYS_FILE: '/nowhere/keys.json' })
  await fails({ message: /SMS_TEXTS_FILE/ }, { SMS_TEXTS_FILE: '/nowhere/texts.json' })
  t.strictSame(children, [], 'no database is opened when settings are invalid')
  await fails({ message: 'no database' }, {}, { openDatabase: () => Promise.reject(new Error('no database')) })
  await fails({ message: 'not now' }, {}, { beforeListen: () => Promise.reject(new Error('not now')) })
  const taken = String(redis.port)
  await fails({ code: 'EADDRINUSE', port: redis.port }, { ADMIN_PORT: taken })
  await fails({ code: 'EADDRINUSE', port: redis.port }, { HOST: '127.0.0.1', PORT: taken })
})

t.test('closes the other parts when one cannot be closed, and still reports why the start failed', async (t) => {
  const { start, left, children } = await setUp(t)
  const broken: Partial<ServiceOptions> = {
    beforeListen: () => Promise.reject(new Error('the cause')),
    openDatabase: async () => ({
      url: 'postgres://x@127.0.0.1:1/x',
      close: () => Promise.reject(new Error('the embedded database does not stop')),
    }),
  }
  await t.rejects(start({}, broken), { message: 'the cause' })
  t.strictSame(children, [])
  t.strictSame(await left(), [])
})

t.test('closes a part that is still opening when a stop signal arrives', async (t) => {
  const { start, left, children, signal } = await setUp(t)
  let go: (() => void) | undefined
  const beforeListen = () =>
    new Promise<void>((resolve) => {
      go = resolve
    })
  const starting = start({}, { beforeListen })
  while (children.length === 0) await sleep(5)
  const stopped = signal()
  while (!go) await sleep(5)
  go()
  await starting
  await stopped
  t.strictSame(await left(), [])
})
