import t, { type Test } from 'tap'
import type { SendResult } from '../../src/core/delivery/ports.ts'
import { GUARD_RULES } from '../../src/core/guard/rules.ts'
import { createWorld, type World, type WorldOptions } from '../support/app.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

/**
 * Creates a world with a second instance whose database connection can be cut. `beforeSend` runs right before the
 * statement that records a message, `duringSend` while the provider handles it.
 */
const createWired = async (t: Test, options: WorldOptions = {}) => {
  const hooks: { beforeSend?: () => void; duringSend?: () => SendResult } = {}
  const world = await createWorld(t, {
    // Entries are lost while the database is down, as documented.
    invariants: false,
    provider: {
      name: 'test',
      send: async () => hooks.duringSend?.() ?? { outcome: 'accepted' },
    },
    ...options,
  })
  const url = new URL(world.url)
  const wire = await startTcpProxy(t, Number(url.port))
  url.hostname = '127.0.0.1'
  url.port = String(wire.port)
  const intelligence = {
    name: 'test',
    assess: async () => {
      hooks.beforeSend?.()
      return 'unknown' as const
    },
  }
  const wired = await world.startInstance({ databaseUrl: url.href, app: { guard: { intelligence } } })
  const cut = () => {
    wire.mode = 'refuse'
    wire.cut()
  }
  return { world, wire, wired, hooks, cut }
}

const sends = async (world: World) => Number((await world.sql('select count(*) from sends'))[0]!['count'])

/** Makes a call and drops the response of the statement that records the message, so that it is never sent. */
const loseAnswer = async <T>(
  { world, wire, hooks, cut }: Awaited<ReturnType<typeof createWired>>,
  call: () => Promise<T>,
) => {
  const before = await sends(world)
  hooks.beforeSend = () => {
    wire.mode = 'deaf'
  }
  const answer = call()
  while ((await sends(world)) === before) await new Promise((resolve) => setTimeout(resolve, 5))
  cut()
  const lost = await answer
  delete hooks.beforeSend
  wire.mode = 'pass'
  return lost
}

t.test('allows a login after the send deadline if its message was never sent', async (t) => {
  const wires = await createWired(t)
  const { world, wired } = wires
  await world.addUser('alice')
  t.match(await loseAnswer(wires, () => wired.login('alice')), { status: 503, body: { code: 'service_unavailable' } })
  t.equal(world.messages.length, 0)

  const soon = await wired.login('alice')
  t.match(soon, { status: 429, body: { code: 'resend_cooldown' } }, 'the message may still be in transit')
  await world.passTime(5)
  t.match(
    await wired.login('alice'),
    { status: 200, body: { delivery: { resend_in: 30 } } },
    'the cooldown starts again at its first step',
  )
  t.equal(world.messages.length, 1)
  t.match(await world.login('alice'), { status: 429, body: { code: 'resend_cooldown', retry_after: 30 } })
})

t.test('allows one resend after the send deadline if its message was never sent', async (t) => {
  const wires = await createWired(t)
  const { world, wired } = wires
  await world.addUser('alice')
  const { pending_token: token } = (await wired.login('alice')).body
  await world.passTime(30)
  t.match(await loseAnswer(wires, () => wired.resend(token)), { status: 503 })
  t.equal((await world.resend(token)).status, 429)
  await world.passTime(5)
  t.equal((await world.get('/challenge', token)).body.delivery.resend_in, 0)
  const answers = await Promise.all(Array.from({ length: 10 }, () => world.resend(token)))
  t.equal(answers.filter(({ status }) => status === 200).length, 1, 'one of ten parallel resends')
  t.equal(answers.filter(({ body }) => body.code === 'resend_cooldown').length, 9)
  t.equal(answers.find(({ status }) => status === 200)!.body.delivery.resend_in, 60, 'the second step of the cooldown')
  t.equal(world.messages.length, 2)
})

t.test('starts no cooldown for a message that failed while the database was down', async (t) => {
  const { world, wired, wire, hooks, cut } = await createWired(t)
  await world.addUser('alice')
  hooks.duringSend = () => {
    cut()
    return { outcome: 'failed', reason: 'HTTP 503' }
  }
  t.equal((await wired.login('alice')).status, 503)
  delete hooks.duringSend
  wire.mode = 'pass'
  await world.passTime(5)
  t.match(await wired.login('alice'), { status: 200, body: { delivery: { resend_in: 30 } } })
})

t.test('keeps the cooldown of a message that may have been sent', async (t) => {
  const { world, hooks } = await createWired(t)
  await world.addUser('alice')
  hooks.duringSend = () => ({ outcome: 'unknown', reason: 'HTTP 502' })
  t.equal((await world.login('alice')).status, 200)
  await world.passTime(20)
  t.match(await world.login('alice'), { status: 429, body: { code: 'resend_cooldown' } })
})

t.test('frees the number of a lost message for other accounts after the send deadline', async (t) => {
  const { number } = GUARD_RULES
  const wires = await createWired(t, { guard: { number } })
  const { world, wired } = wires
  await world.addUser('alice', '+12025550143')
  await world.addUser('bob', '+12025550143')
  t.match(await loseAnswer(wires, () => wired.login('alice')), { status: 503 })
  t.match(await world.login('bob'), { status: 429, body: { code: 'resend_cooldown' } })
  await world.passTime(5)
  t.equal((await world.login('bob')).status, 200)
})

t.test('checks the number again with number intelligence after a lost message', async (t) => {
  const wires = await createWired(t)
  const { world, wired } = wires
  await world.addUser('alice')
  await loseAnswer(wires, () => wired.login('alice'))
  await world.passTime(5)
  const asked: string[] = []
  const assess = async (phone: string) => {
    asked.push(phone)
    return 'high' as const
  }
  const careful = await world.startInstance({ app: { guard: { intelligence: { name: 'test', assess } } } })
  t.match(await careful.login('alice'), { status: 422, body: { code: 'destination_not_allowed' } })
  t.strictSame(asked, ['+12025550143'])
})
