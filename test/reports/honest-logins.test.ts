import t from 'tap'
import { GUARD_RULES } from '../../src/core/guard/rules.ts'
import { createWorld, type World } from '../support/app.ts'

const { user, number, address, network } = GUARD_RULES
const CAPS = { user, number, address, network }
const NEW_PASSWORD = 'an older tale of four other words'

/** Accepts every password, because hashing is not under test. */
const passwords = {
  verify: async () => true,
  hash: async () => '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',
  upgrade: async () => undefined,
}

const numberOf = (nth: number) => `+1202555${String(1_000 + nth * 97).padStart(4, '0')}`

const loginFrom = (world: Pick<World, 'send'>, username: string, remoteAddress: string) =>
  world.send({ method: 'POST', url: '/login', payload: { username, password: 'x' }, remoteAddress })

const registerFrom = (world: Pick<World, 'send'>, username: string, phone: string, remoteAddress: string) =>
  world.send({
    method: 'POST',
    url: '/register',
    payload: { username, password: NEW_PASSWORD, phone },
    remoteAddress,
  })

t.test('allows the first logins of 14 users behind one address', async (t) => {
  const world = await createWorld(t, { guard: CAPS, app: { credentials: { passwords } } })
  for (let nth = 0; nth < 14; nth += 1) {
    await world.addUser(`user${nth}`, numberOf(nth))
    const { status, body } = await loginFrom(world, `user${nth}`, '203.0.113.9')
    t.equal(status, 200, `colleague ${nth + 1}: ${body.code}`)
    t.equal((await world.verify(body.pending_token, world.lastCode())).status, 200)
  }
  const answers = []
  for (let nth = 20; nth < 34; nth += 1) {
    await world.addUser(`user${nth}`, numberOf(nth))
    answers.push(await loginFrom(world, `user${nth}`, '203.0.113.9'))
  }
  t.equal(answers.filter(({ status }) => status === 200).length, 10, 'codes that are never entered still count')
  t.ok(answers.slice(10).every(({ body }) => body.code === 'rate_limited'))
})

t.test('counts only codes that were not entered against a network', async (t) => {
  const world = await createWorld(t, {
    guard: { ...CAPS, network: { perHour: 3 } },
    app: { credentials: { passwords } },
  })
  for (let nth = 0; nth < 6; nth += 1) {
    await world.addUser(`user${nth}`, numberOf(nth))
    const { status, body } = await loginFrom(world, `user${nth}`, `203.0.113.${10 + nth}`)
    t.equal(status, 200, `office ${nth + 1}`)
    t.equal((await world.verify(body.pending_token, world.lastCode())).status, 200)
  }
  const statuses = []
  for (let nth = 6; nth < 10; nth += 1) {
    statuses.push((await registerFrom(world, `user${nth}`, numberOf(nth), `203.0.113.${20 + nth}`)).status)
  }
  t.strictSame(statuses, [200, 200, 200, 429])
})

t.test('shares one cap between the accounts of a number, which strangers cannot exhaust', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0, guard: CAPS, app: { credentials: { passwords } } })
  const phone = '+12025550143'
  const names = Array.from({ length: 6 }, (_, nth) => `family${nth}`)
  for (const name of names) {
    await world.addUser(name, phone)
    const { body } = await loginFrom(world, name, '203.0.113.9')
    t.equal((await world.verify(body.pending_token, world.lastCode())).status, 200, `${name} has verified the number`)
    await world.passTime(6 * 3_600)
  }
  await world.passTime(86_400)

  const knock = async (rounds: number) => {
    const before = world.messages.length
    const answers = []
    for (let round = 0; round < rounds; round += 1) {
      for (const name of names) answers.push(await loginFrom(world, name, '203.0.113.9'))
    }
    return { sent: world.messages.length - before, last: answers.at(-1)! }
  }
  const first = await knock(5)
  t.equal(first.sent, 5, 'five for all accounts together')
  t.match(first.last, { status: 429, body: { code: 'rate_limited' } })
  t.ok(
    first.last.body.retry_after > 3_500 && first.last.body.retry_after <= 3_600,
    'the wait lasts until the first code is an hour old',
  )
  await world.passTime(3_601)
  t.equal((await knock(2)).sent, 5)
  await world.passTime(3_601)
  t.equal((await knock(2)).sent, 0, 'the daily cap is ten')

  await world.passTime(86_400)
  const before = world.messages.length
  for (let nth = 0; nth < 8; nth += 1) await registerFrom(world, `stranger${nth}`, phone, `198.18.${nth}.7`)
  t.equal(world.messages.length - before, 5, 'strangers get five codes an hour')
  t.equal((await knock(2)).sent, 5, 'the owners still get theirs')
  t.equal((await registerFrom(world, 'stranger9', phone, '198.18.9.7')).status, 429)
})

t.test('sends 5 codes for 12 parallel logins of accounts with one number', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0, guard: CAPS, app: { credentials: { passwords } } })
  const other = await world.startInstance()
  const names = Array.from({ length: 12 }, (_, nth) => `family${nth}`)
  for (const name of names) {
    const userId = await world.addUser(name, '+12025550143')
    await world.sql(
      `insert into sends (send_id, challenge_id, user_id, provider, channel, country, prefix, phone_hash, segments, status,
         created_at, verified_at)
       values (gen_random_uuid(), gen_random_uuid(), $1, 'before', 'sms', 'US', '+1202555', $2, 1, 'sent',
         now() - interval '20 days', now() - interval '20 days')`,
      [userId, world.phoneHash('+12025550143')],
    )
  }
  const answers = await Promise.all(names.map((name, nth) => loginFrom(nth % 2 ? world : other, name, '203.0.113.9')))
  t.equal(answers.filter(({ status }) => status === 200).length, 5)
  t.equal(world.messages.length, 5)
  await world.sql(`delete from sends where provider = 'before'`)
})

t.test('does not count notices against the caps of a number or a user', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0, guard: CAPS })
  await world.addUser('alice', '+12025550143')
  await world.addUser('bob', '+12025550143')
  const alice = world.as((await world.logIn('alice')).access_token)
  const { pending_token } = (await alice.post('/phone', { phone: '+12025550199' })).body
  t.equal((await alice.post('/phone/verify', { pending_token, code: world.lastCode() })).status, 200)
  while (world.messages.at(-1)!.code !== '') await new Promise((resolve) => setTimeout(resolve, 5))
  t.equal(world.messages.at(-1)!.to, '+12025550143', 'the notice goes to the old number')

  const statuses = []
  for (let nth = 0; nth < 5; nth += 1) statuses.push((await world.login('bob')).status)
  t.strictSame(statuses, [200, 200, 200, 200, 429], 'the login of alice counts, the notice does not')
  const hers = []
  for (let nth = 0; nth < 4; nth += 1) hers.push((await world.login('alice')).status)
  t.strictSame(hers, [200, 200, 200, 429], 'her login and her change of number count')
})
