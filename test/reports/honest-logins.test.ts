import t from 'tap'
import { GUARD_RULES } from '../../src/core/guard/rules.ts'
import { createWorld, type World } from '../support/app.ts'

const { user, number, address, network } = GUARD_RULES
const CAPS = { user, number, address, network }
const NEW_PASSWORD = 'an older tale of four other words'

/** Takes every password: hashing is not what is tried here. */
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

t.test('an office behind one address logs in for the first time, every one of it', async (t) => {
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
  t.equal(answers.filter(({ status }) => status === 200).length, 10, 'codes that are not entered still count')
  t.ok(answers.slice(10).every(({ body }) => body.code === 'rate_limited'))
})

t.test('a network of many offices is held by codes that are not entered alone', async (t) => {
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

t.test('the accounts of one number share one ceiling, and strangers cannot use it up', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0, guard: CAPS, app: { credentials: { passwords } } })
  const phone = '+12025550143'
  const names = Array.from({ length: 6 }, (_, nth) => `family${nth}`)
  for (const name of names) {
    await world.addUser(name, phone)
    const { body } = await loginFrom(world, name, '203.0.113.9')
    t.equal((await world.verify(body.pending_token, world.lastCode())).status, 200, `${name} has proven the number`)
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
  t.equal(first.sent, 5, 'not five to each account')
  t.match(first.last, { status: 429, body: { code: 'rate_limited' } })
  t.ok(first.last.body.retry_after > 3_500 && first.last.body.retry_after <= 3_600, 'until the first is an hour old')
  await world.passTime(3_601)
  t.equal((await knock(2)).sent, 5)
  await world.passTime(3_601)
  t.equal((await knock(2)).sent, 0, 'ten a day')

  await world.passTime(86_400)
  const before = world.messages.length
  for (let nth = 0; nth < 8; nth += 1) await registerFrom(world, `stranger${nth}`, phone, `198.18.${nth}.7`)
  t.equal(world.messages.length - before, 5, 'strangers have five an hour')
  t.equal((await knock(2)).sent, 5, 'and the owners still have theirs')
  t.equal((await registerFrom(world, 'stranger9', phone, '198.18.9.7')).status, 429)
})

t.test('logins of several accounts at once pass the ceiling of their number as often as it says', async (t) => {
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

t.test('a notice takes no place among the codes of a number or of a user', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0, guard: CAPS })
  await world.addUser('alice', '+12025550143')
  await world.addUser('bob', '+12025550143')
  const alice = world.as((await world.logIn('alice')).access_token)
  const { pending_token } = (await alice.post('/phone', { phone: '+12025550199' })).body
  t.equal((await alice.post('/phone/verify', { pending_token, code: world.lastCode() })).status, 200)
  while (world.messages.at(-1)!.code !== '') await new Promise((resolve) => setTimeout(resolve, 5))
  t.equal(world.messages.at(-1)!.to, '+12025550143', 'the old number has the notice')

  const statuses = []
  for (let nth = 0; nth < 5; nth += 1) statuses.push((await world.login('bob')).status)
  t.strictSame(statuses, [200, 200, 200, 200, 429], 'one code of the hour was the login of alice, and none the notice')
  const hers = []
  for (let nth = 0; nth < 4; nth += 1) hers.push((await world.login('alice')).status)
  t.strictSame(hers, [200, 200, 200, 429], 'she has had a login and a change of her number')
})
