import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import { ADDRESS_LIMITS } from '../../src/http/rate-limit.ts'
import { connectRedis } from '../../src/http/redis.ts'
import { noteMissing } from '../run/missing.ts'
import { createWorld, type World } from '../support/app.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })

/** Returns the port of a real Redis or Valkey: the given one, or a server that it starts. */
const findRedis = async (t: Test): Promise<number | undefined> => {
  const given = process.env['TEST_REDIS_URL']
  if (given) return Number(new URL(given).port || 6379)
  const binary = ['valkey-server', 'redis-server'].find((name) => spawnSync(name, ['--version']).status === 0)
  if (!binary) return undefined
  const port = await freePort()
  const server = spawn(binary, ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.teardown(() => server.kill())
  await new Promise<void>((resolve) => {
    server.stdout.on('data', (text) => String(text).includes('Ready to accept connections') && resolve())
  })
  return port
}

const from = (world: Pick<World, 'send'>, remoteAddress: string) =>
  world.send({ method: 'POST', url: '/login', payload: {}, remoteAddress })

const connect = (t: Test, port: number) => {
  const redis = connectRedis(`redis://127.0.0.1:${port}`, () => {})
  t.teardown(() => redis.disconnect())
  return redis
}

/** Connects a client whose commands have the time that a busy machine takes, and waits until it is ready. */
const connectPatiently = async (t: Test, port: number) => {
  const redis = connect(t, port)
  const { commandTimeout } = redis.options
  redis.options.commandTimeout = 10_000
  await new Promise((resolve) => redis.once('ready', resolve))
  return { redis, hurry: () => Object.assign(redis.options, { commandTimeout }) }
}

t.test('counts for each instance alone, without waiting, when Redis does not answer', async (t) => {
  const redis = connect(t, await freePort())
  const world = await createWorld(t, { app: { http: { rateLimit: true, redis } } })
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) t.equal((await from(world, '198.51.100.7')).status, 400)
  const start = performance.now()
  t.equal((await from(world, '198.51.100.7')).status, 429)
  t.ok(performance.now() - start < 1_000)
})

t.test('shares counts between two instances through Redis, and counts alone while it is down', async (t) => {
  const port = await findRedis(t)
  if (port === undefined) {
    return noteMissing(t, 'Redis', 'Run: apt-get install redis-server, or set TEST_REDIS_URL.')
  }
  const wire = await startTcpProxy(t, port)
  const one = await connectPatiently(t, wire.port)
  const two = await connectPatiently(t, wire.port)
  const world = await createWorld(t, { app: { http: { rateLimit: true, redis: one.redis } } })
  const other = await world.startInstance({ app: { http: { rateLimit: true, redis: two.redis } } })
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) {
    t.equal((await from(nth % 2 ? world : other, '198.51.100.7')).status, 400)
  }
  t.equal((await from(world, '198.51.100.7')).status, 429)
  t.equal((await from(other, '198.51.100.7')).status, 429)

  one.hurry()
  wire.mode = 'hang'
  const start = performance.now()
  t.equal((await from(world, '198.51.100.8')).status, 400, 'a hanging Redis fails no request')
  t.ok(performance.now() - start < 1_000, 'a hanging Redis delays no request')
  wire.mode = 'refuse'
  wire.cut()
  for (let nth = 2; nth <= ADDRESS_LIMITS.login; nth += 1) await from(world, '198.51.100.8')
  t.equal((await from(world, '198.51.100.8')).status, 429, 'the local limit applies')
})
