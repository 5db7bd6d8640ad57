import t, { type Test } from 'tap'
import { ADDRESS_LIMITS } from '../../src/http/rate-limit.ts'
import { connectRedis } from '../../src/http/redis.ts'
import { rounds } from '../run/rounds.ts'
import { createWorld, type World } from '../support/app.ts'
import { startFakeRedis } from '../support/fake-redis.ts'

type Instance = Pick<World, 'app' | 'send'>

let elapsed = 0
const world = await createWorld(t, { app: { http: { rateLimit: true, elapsed: () => elapsed } } })

const from = (instance: Instance, remoteAddress: string) =>
  instance.send({ method: 'POST', url: '/login', payload: {}, remoteAddress })

const exceed = async (instance: Instance, address: string) => {
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await from(instance, address)
  return from(instance, address)
}

/** Sends one request from each of the given number of IPv6 networks. */
const floodFrom = async (instance: Instance, networks: number) => {
  for (let nth = 0; nth < networks; nth += 100) {
    await Promise.all(
      Array.from({ length: 100 }, (_, more) =>
        instance.app.inject({
          method: 'POST',
          url: '/login',
          remoteAddress: `2001:db8:${(nth + more).toString(16)}::1`,
        }),
      ),
    )
  }
}

t.test('keeps an address over its limit during a flood from other addresses', async (t) => {
  t.equal((await exceed(world, '198.51.100.1')).status, 429)
  await floodFrom(world, rounds({ quick: 500, all: 6_000 }))
  t.match(await from(world, '198.51.100.1'), { status: 429, body: { code: 'rate_limited' } })
  elapsed += 60_000
  t.equal((await from(world, '198.51.100.1')).status, 400, 'the limit ends with the window')
})

t.test('ignores a wall clock that jumps by an hour and back', async (t) => {
  const real = Date.now
  let jump = 0
  t.intercept(Date, 'now', { value: () => real() + jump })
  for (const [nth, hours] of [1, -1].entries()) {
    const address = `198.51.100.${10 + nth}`
    jump = hours * 3_600_000
    t.equal((await exceed(world, address)).status, 429)
    jump = 0
    const limited = await from(world, address)
    t.equal(limited.status, 429, 'still over its limit')
    t.ok(limited.body.retry_after <= 60, `waits ${limited.body.retry_after} s`)
    elapsed += 60_000
    t.equal((await from(world, address)).status, 400)
  }
})

const startWithRedis = async (t: Test) => {
  const fake = await startFakeRedis(t)
  const redis = connectRedis(`redis://127.0.0.1:${fake.port}`, () => {})
  t.teardown(() => redis.disconnect())
  await new Promise<void>((resolve) => redis.once('ready', () => resolve()))
  const instance = await world.startInstance({ app: { http: { rateLimit: true, redis, elapsed: () => elapsed } } })
  return { fake, instance }
}

t.test('skips a hanging Redis for one second after one timeout', async (t) => {
  const { fake, instance } = await startWithRedis(t)
  fake.mode = 'hang'
  t.equal((await from(instance, '198.51.100.20')).status, 400)
  const asked = fake.commands
  t.equal((await exceed(instance, '198.51.100.20')).status, 429)
  t.equal(fake.commands, asked, 'no other command was sent')

  fake.mode = 'answer'
  elapsed += 999
  await from(instance, '198.51.100.21')
  t.equal(fake.commands, asked)
  elapsed += 1
  t.equal((await from(instance, '198.51.100.21')).status, 400)
  t.ok(fake.commands > asked, 'one request tries Redis again')
})

t.test('keeps an address over its limit when Redis fails', async (t) => {
  const { fake, instance } = await startWithRedis(t)
  t.equal((await exceed(instance, '198.51.100.30')).status, 429)
  for (let nth = 1; nth < ADDRESS_LIMITS.login; nth += 1) await from(instance, '198.51.100.31')
  fake.mode = 'hang'
  t.equal((await from(instance, '198.51.100.30')).status, 429)
  t.equal((await from(instance, '198.51.100.31')).status, 400, 'the 20th request')
  t.equal((await from(instance, '198.51.100.31')).status, 429, 'the 21st request')
})

t.test('never waits longer than the window if the clock of Redis was set back', async (t) => {
  const { fake, instance } = await startWithRedis(t)
  fake.ttl = 3_660_000
  const limited = await exceed(instance, '198.51.100.40')
  t.equal(limited.status, 429)
  t.ok(limited.body.retry_after <= 60, `waits ${limited.body.retry_after} s`)
})
