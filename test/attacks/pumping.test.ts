import t from 'tap'
import { GUARD_RULES } from '../../src/core/guard/rules.ts'
import { rounds } from '../run/rounds.ts'
import { createWorld, type World } from '../support/app.ts'

const { user, number, address, network, prefix, consecutive, conversion } = GUARD_RULES
const CAPS = { user, number, address, network }
const ALL = { ...CAPS, prefix, consecutive, conversion }
const PASSWORD = 'an older tale of four other words'

/** A stub, because three hundred hashes would take most of the time. */
const passwords = {
  verify: async () => true,
  hash: async () => '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',
  upgrade: async () => undefined,
}

const register = (world: Pick<World, 'send'>, n: number, phone: string, remoteAddress: string, members: object = {}) =>
  world.send({
    method: 'POST',
    url: '/register',
    payload: { username: `user${n}`, password: PASSWORD, phone, ...members },
    remoteAddress,
  })

const REGISTRATIONS = rounds({ quick: 60, all: 300 })

t.test('blocks a prefix after at most 15 registrations from many addresses', async (t) => {
  const world = await createWorld(t, { guard: ALL, app: { credentials: { passwords } } })
  const other = await world.startInstance()
  const statuses = new Map<string, number>()
  for (let n = 0; n < REGISTRATIONS; n += 10) {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, k) => {
        const phone = `+1202555${String(((n + k) * 373) % 10_000).padStart(4, '0')}`
        return register(k % 2 ? world : other, n + k, phone, `198.${n / 10}.${k}.7`)
      }),
    )
    for (const { status, body } of answers) {
      const outcome = body.code ?? String(status)
      statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1)
    }
  }
  const sent = statuses.get('200') ?? 0
  t.ok(sent <= 15, `${sent} were sent`)
  t.equal(world.messages.length, sent)
  t.strictSame([...statuses.keys()].sort(), ['200', 'sms_unavailable'])
  const deadline = Date.now() + 5_000
  const users = async () => Number((await world.sql('select count(*) from users'))[0]!['count'])
  while ((await users()) > sent && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(await users(), sent, 'refused registrations leave no rows')
})

t.test('limits an address to ten registrations an hour across numbers', async (t) => {
  const world = await createWorld(t, { guard: CAPS, app: { credentials: { passwords } } })
  const answers = []
  for (let n = 0; n < 14; n += 1) answers.push(await register(world, n, `+1202${500 + n}01${40 + n}`, '203.0.113.9'))
  t.equal(answers.filter(({ status }) => status === 200).length, 10)
  t.ok(answers.slice(10).every(({ body }) => body.code === 'rate_limited'))
})

t.test('number changes share the user’s cap of five codes an hour', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0, guard: CAPS })
  await world.addUser('alice')
  const alice = world.as((await world.logIn('alice')).access_token)
  const answers = []
  for (let n = 0; n < 8; n += 1) answers.push(await alice.post('/phone', { phone: `+120255501${60 + n}` }))
  t.equal(answers.filter(({ status }) => status === 200).length, 4, 'plus the code of the login')
  t.ok(answers.slice(4).every(({ body }) => body.code === 'rate_limited'))
})

t.test('admits users and refuses registrations while the human check is down', async (t) => {
  const humanCheck = {
    name: 'test',
    challenge: () => ({ kind: 'test' }),
    verify: async () => 'unavailable' as const,
  }
  const budgets = { all: { messages: 20, cost: null }, each: { messages: 20, cost: null } }
  const world = await createWorld(t, {
    resendCooldown: 0,
    guard: { humanCheck: true, budget: { ...GUARD_RULES.budget, soft: 0 }, budgets },
    app: { credentials: { passwords }, guard: { humanCheck } },
  })
  await world.addUser('alice')
  const answer = { human_check: 'an-answer' }
  t.match(await register(world, 1, '+12025550161', '203.0.113.9'), {
    status: 403,
    body: { human_check: { kind: 'test' } },
  })
  t.match(await register(world, 1, '+12025550161', '203.0.113.9', answer), { status: 403 }, 'the check is unavailable')
  t.match(await world.post('/login', { username: 'alice', password: 'x', ...answer }), { status: 200 })
})

t.test('registrations with a victim’s number do not block the victim’s logins', async (t) => {
  const world = await createWorld(t, { guard: ALL })
  const passwordOf = 'correct horse battery staple'
  await world.addUser('alice', '+12025550143')
  t.equal((await world.logIn('alice')).token_type, 'Bearer', 'a known user')
  for (let hour = 0; hour < 26; hour += 1) {
    for (let n = 0; n < 3; n += 1) {
      await register(world, hour * 10 + n, '+12025550143', `198.18.${hour}.${n + 1}`)
      await world.passTime(60)
    }
    const login = await world.post('/login', { username: 'alice', password: passwordOf })
    t.match(login, { status: 200 }, `hour ${hour}: ${login.body.code}`)
    const { code } = world.messages.at(-1)!
    t.equal((await world.verify(login.body.pending_token, code)).status, 200)
    // The cap of ten codes a day applies to her too.
    await world.passTime(3 * 3_600)
  }
})
