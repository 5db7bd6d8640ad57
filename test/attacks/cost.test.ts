import t, { type Test } from 'tap'
import { GUARD_RULES, type GuardPolicy } from '../../src/core/guard/rules.ts'
import { createWorld, PASSWORD, type World } from '../support/app.ts'

const { user, number, address, network } = GUARD_RULES
const CAPS: Partial<GuardPolicy> = { user, number, address, network }

/** A world in which users and numbers have the caps of production, and nobody waits between two codes. */
const cappedWorld = (t: Test, guard: Partial<GuardPolicy> = CAPS) => createWorld(t, { resendCooldown: 0, guard })

const loginFrom = (world: Pick<World, 'send'>, username: string, remoteAddress: string) =>
  world.send({
    method: 'POST',
    url: '/login',
    payload: { username, password: PASSWORD },
    remoteAddress,
  })

/** Marks what was sent to a user as entered, days ago: from now on the user is known. */
const makeKnown = (world: World, userId: string, daysAgo = 1) =>
  world.sql(
    `insert into sends (send_id, challenge_id, user_id, provider, channel, country, prefix, phone_hash, segments, status,
       created_at, verified_at)
     select gen_random_uuid(), gen_random_uuid(), user_id, 'history', channel, country, prefix, phone_hash, 1, 'delivered',
       now() - make_interval(days => $2), now() - make_interval(days => $2)
     from sends where user_id = $1 limit 1`,
    [userId, daysAgo],
  )

t.test('the sixth code within an hour is refused, and after the hour there is one again', async (t) => {
  const world = await cappedWorld(t)
  await world.addUser('alice')
  for (let nth = 1; nth <= 5; nth += 1) t.equal((await world.login('alice')).status, 200)
  const sixth = await world.login('alice')
  t.match(sixth, { status: 429, body: { code: 'rate_limited' } })
  t.ok(sixth.body.retry_after > 3_590 && sixth.body.retry_after <= 3_600)
  t.equal(world.messages.length, 5)
  await world.passTime(sixth.body.retry_after)
  t.equal((await world.login('alice')).status, 200, 'waiting as long as it says is enough')
})

t.test('the eleventh code within a day is refused', async (t) => {
  const world = await cappedWorld(t)
  await world.addUser('alice')
  for (let nth = 1; nth <= 10; nth += 1) {
    t.equal((await world.login('alice')).status, 200)
    await world.passTime(3_000)
  }
  const { body } = await world.login('alice')
  t.equal(body.code, 'rate_limited')
  t.ok(body.retry_after > 86_400 - 10 * 3_000 - 60 && body.retry_after <= 86_400 - 10 * 3_000, String(body.retry_after))
})

t.test('a held-back code leaves the challenge that waits alone', async (t) => {
  const world = await cappedWorld(t)
  await world.addUser('alice')
  let token = ''
  for (let nth = 1; nth <= 5; nth += 1) token = (await world.login('alice')).body.pending_token
  const code = world.lastCode()
  t.equal((await world.login('alice')).status, 429)
  t.equal((await world.resend(token)).status, 429, 'nor is a resend a way around')
  t.equal((await world.verify(token, code)).status, 200)
})

t.test('users who share a number share its caps and its wait', async (t) => {
  const world = await createWorld(t, { guard: CAPS })
  await world.addUser('alice')
  await world.addUser('bob')
  t.equal((await world.login('alice')).status, 200)
  const bob = await world.login('bob')
  t.match(bob, { status: 429, body: { code: 'resend_cooldown' } })
  t.ok(bob.body.retry_after > 28 && bob.body.retry_after <= 30)
  await world.passTime(30)
  t.equal((await world.login('bob')).status, 200)
})

t.test('an address pays for ten codes to strangers in an hour, its network for forty', async (t) => {
  const world = await cappedWorld(t)
  for (let nth = 0; nth <= 41; nth += 1) await world.addUser(`user${nth}`, `+12025550${100 + nth}`)
  for (let nth = 0; nth < 10; nth += 1) t.equal((await loginFrom(world, `user${nth}`, '198.51.100.7')).status, 200)
  t.match(await loginFrom(world, 'user10', '198.51.100.7'), { status: 429, body: { code: 'rate_limited' } })
  for (let nth = 10; nth < 40; nth += 1) {
    t.equal((await loginFrom(world, `user${nth}`, `198.51.100.${nth}`)).status, 200, `from its neighbour ${nth}`)
  }
  t.match(await loginFrom(world, 'user40', '198.51.100.200'), { status: 429, body: { code: 'rate_limited' } })
  t.equal((await loginFrom(world, 'user40', '203.0.113.1')).status, 200, 'from elsewhere')
})

t.test('an IPv6 subscriber has one address, however many of them they use', async (t) => {
  const world = await cappedWorld(t)
  for (let nth = 0; nth <= 10; nth += 1) await world.addUser(`user${nth}`, `+12025550${100 + nth}`)
  for (let nth = 0; nth < 10; nth += 1) {
    t.equal((await loginFrom(world, `user${nth}`, `2001:db8:1:2::${nth + 1}`)).status, 200)
  }
  t.equal((await loginFrom(world, 'user10', '2001:db8:1:2:ffff::1')).status, 429)
  t.equal((await loginFrom(world, 'user10', '2001:db8:1:3::1')).status, 200)
})

t.test('who has logged in within a month is not held up by what others send from the same address', async (t) => {
  const world = await cappedWorld(t)
  for (let nth = 0; nth <= 10; nth += 1) await world.addUser(`user${nth}`, `+12025550${100 + nth}`)
  const known = await world.addUser('known', '+12025550190')
  await loginFrom(world, 'known', '203.0.113.1')
  await makeKnown(world, known)
  for (let nth = 0; nth < 10; nth += 1) await loginFrom(world, `user${nth}`, '198.51.100.7')
  t.equal((await loginFrom(world, 'user10', '198.51.100.7')).status, 429)
  t.equal((await loginFrom(world, 'known', '198.51.100.7')).status, 200)
  await world.sql(`update sends set verified_at = null`)
  t.equal((await loginFrom(world, 'known', '198.51.100.7')).status, 429, 'who never entered a code has no such right')
})

t.test('of 40 parallel logins of as many users no more than the address pays for are sent', async (t) => {
  const world = await cappedWorld(t)
  const others = [world, await world.startInstance(), await world.startInstance()]
  for (let nth = 0; nth < 40; nth += 1) await world.addUser(`user${nth}`, `+12025550${100 + nth}`)
  const answers = await Promise.all(
    Array.from({ length: 40 }, async (_, nth) => {
      for (let tries = 0; tries < 20; tries += 1) {
        const answer = await loginFrom(others[nth % 3]!, `user${nth}`, '198.51.100.7')
        if (answer.status !== 503) return answer.status
      }
      return 503
    }),
  )
  t.equal(answers.filter((status) => status === 200).length, 10)
  t.equal(world.messages.length, 10, 'on three instances together')
})

t.test('of 40 parallel logins with one message left in the budget one is sent', async (t) => {
  const world = await cappedWorld(t, { budgets: { '*': { messages: 1, cost: null } }, budget: { soft: 2, reserve: 0 } })
  const other = await world.startInstance()
  for (let nth = 0; nth < 40; nth += 1) await world.addUser(`user${nth}`, `+12025550${100 + nth}`)
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, nth) => loginFrom(nth % 2 ? world : other, `user${nth}`, '198.51.100.7')),
  )
  t.equal(answers.filter(({ status }) => status === 200).length, 1)
  t.equal(world.messages.length, 1)
  t.strictSame(await world.sql('select scope, messages from send_budgets order by scope'), [
    { scope: '*', messages: 1 },
    { scope: 'US', messages: 1 },
  ])
})

t.test(
  'an empty budget stops strangers at nine tenths and known users at the end, and says when it fills again',
  async (t) => {
    const world = await cappedWorld(t, { budgets: { each: { messages: 10, cost: null } }, budget: GUARD_RULES.budget })
    for (let nth = 0; nth <= 10; nth += 1) await world.addUser(`user${nth}`, `+12025550${100 + nth}`)
    const known = await world.addUser('known', '+12025550190')
    t.equal((await world.login('known')).status, 200)
    await makeKnown(world, known)
    for (let nth = 1; nth < 9; nth += 1) t.equal((await world.login(`user${nth}`)).status, 200)
    const refused = await world.login('user9')
    t.match(refused, { status: 503, body: { code: 'sms_unavailable' } })
    t.ok(refused.body.retry_after <= 3_600, 'an operator may fill it before midnight')
    t.equal((await world.login('known')).status, 200, 'the last tenth is theirs')
    t.equal((await world.login('known')).status, 503)
    t.strictSame(
      (await world.sql('select type from events order by created_at')).map(({ type }) => type),
      ['budget.soft', 'budget.hard'],
      'the operator is told of each once',
    )
  },
)

t.test('a budget in money counts segments', async (t) => {
  const world = await cappedWorld(t, {
    budgets: { US: { messages: null, cost: 0.02 } },
    budget: { soft: 2, reserve: 0 },
  })
  for (let nth = 0; nth < 3; nth += 1) await world.addUser(`user${nth}`, `+12025550${100 + nth}`)
  t.equal((await world.login('user0')).status, 200)
  t.equal((await world.login('user1')).status, 200)
  t.equal((await world.login('user2')).status, 503, 'three times 0.0083 are more')
})

t.test('what surely never left costs nothing, whatever it was counted in', async (t) => {
  let isDown = true
  const world = await createWorld(t, {
    resendCooldown: 0,
    guard: { ...CAPS, budgets: { '*': { messages: 5, cost: 1 } }, budget: { soft: 2, reserve: 0 } },
    provider: {
      name: 'test',
      send: async () =>
        isDown ? { outcome: 'failed', reason: 'it is down' } : { outcome: 'accepted', messageId: 'id' },
    },
  })
  await world.addUser('alice')
  for (let nth = 0; nth < 12; nth += 1) {
    t.equal((await world.login('alice')).body.code, 'sms_unavailable')
    await world.ledger.drain()
  }
  t.match(await world.sql(`select messages, cost::float from send_budgets where scope = '*'`), [
    { messages: 0, cost: 0 },
  ])
  isDown = false
  for (let nth = 0; nth < 5; nth += 1) t.equal((await world.login('alice')).status, 200)
})

t.test('a second company takes over what the first was counted for', async (t) => {
  const world = await createWorld(t, {
    guard: { budgets: { '*': { messages: 5, cost: 1 } }, budget: { soft: 2, reserve: 0 } },
    providers: [
      { name: 'first', send: async () => ({ outcome: 'failed', reason: 'it is down' }) },
      { name: 'second', send: async () => ({ outcome: 'accepted', messageId: 'id' }) },
    ],
  })
  await world.addUser('alice')
  t.equal((await world.login('alice')).status, 200)
  await world.ledger.drain()
  t.match(await world.sql(`select messages from send_budgets where scope = '*'`), [{ messages: 1 }])
  t.match(
    await world.sql(`select provider, budget_day is null as given_back, address from sends order by created_at`),
    [
      { provider: 'first', given_back: true, address: '127.0.0.1' },
      { provider: 'second', given_back: false, address: '127.0.0.1' },
    ],
  )
})

t.test('kinds of numbers that no person has, and countries that were not named, are sent nothing', async (t) => {
  const world = await createWorld(t, { countries: ['US', 'GB', 'DE'] })
  const refused = {
    premium: '+19005550123',
    'toll-free': '+18009998877',
    personal: '+447012345678',
    'fixed line': '+493012345678',
    'shared cost': '+4918012345',
    satellite: '+881612345678',
    'international network': '+883510012345',
    Jamaica: '+18765550123',
    'Dominican Republic': '+18095550123',
    Kazakhstan: '+77011234567',
    Jersey: '+447797712345',
    'Isle of Man': '+447624312345',
    'no number at all': '+1202555',
  }
  for (const [nth, [kind, phone]] of Object.entries(refused).entries()) {
    await world.addUser(`user${nth}`, phone)
    t.match(await world.login(`user${nth}`), { status: 422, body: { code: 'destination_not_allowed' } }, kind)
  }
  t.equal(world.messages.length, 0)
  t.equal((await world.sql('select from sends')).length, 0)
})

t.test('a number that was taken over of late is sent nothing', async (t) => {
  const asked: string[] = []
  const world = await createWorld(t, {
    app: {
      guard: {
        intelligence: {
          name: 'test',
          assess: async (phone) => {
            asked.push(phone)
            return phone.endsWith('66') ? 'high' : 'unknown'
          },
        },
      },
    },
  })
  await world.addUser('alice', '+12025550166')
  await world.addUser('bob', '+12025550143')
  t.equal((await world.login('alice')).body.code, 'destination_not_allowed')
  t.equal((await world.login('bob')).status, 200, 'and what nobody knows is no reason')
  t.strictSame(asked, ['+12025550166', '+12025550143'])
  t.equal((await world.login('bob', 'a wrong password')).status, 401)
  t.equal(asked.length, 2, 'nobody is asked before the password is right')
})

t.test('who must wait anyway is not looked up, for that costs money', async (t) => {
  let lookups = 0
  let verifications = 0
  const world = await createWorld(t, {
    app: {
      guard: {
        intelligence: {
          name: 'test',
          assess: async () => {
            lookups += 1
            return 'low'
          },
        },
        humanCheck: {
          name: 'test',
          challenge: () => ({ kind: 'test' }),
          verify: async () => {
            verifications += 1
            return 'passed'
          },
        },
      },
    },
  })
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  t.equal(lookups, 1)
  for (let nth = 0; nth < 10; nth += 1) {
    await world.resend(token, { human_check: 'answer' })
    await world.post('/login', { username: 'alice', password: PASSWORD, human_check: 'answer' })
  }
  await world.verify(token, world.lastCode())
  await world.passTime(31)
  t.equal((await world.resend(token, { human_check: 'answer' })).body.code, 'challenge_invalid')
  t.strictSame({ lookups, verifications }, { lookups: 1, verifications: 0 })
})

t.test('messages to scenario numbers say nothing about a country, an address or a prefix', async (t) => {
  const { prefix, consecutive, conversion } = GUARD_RULES
  const world = await createWorld(t, {
    resendCooldown: 0,
    guard: { address, network, prefix, consecutive, conversion },
    scenarios: Array.from({ length: 20 }, (_, nth) => ({
      phone: `+120255501${50 + nth}`,
      scenario: 'delivered' as const,
    })),
  })
  for (let nth = 0; nth < 20; nth += 1) {
    await world.addUser(`user${nth}`, `+120255501${50 + nth}`)
    t.equal((await world.login(`user${nth}`)).status, 200)
  }
  await world.passTime(600)
  await world.addUser('alice', '+12025550143')
  t.equal((await world.login('alice')).status, 200)
})

t.test('a rule that is switched off takes its blocks with it', async (t) => {
  const { prefix, consecutive, conversion } = GUARD_RULES
  const world = await createWorld(t, { guard: { prefix, consecutive, conversion } })
  for (let nth = 0; nth < 4; nth += 1) await world.addUser(`user${nth}`, `+1202555014${nth}`)
  for (let nth = 0; nth < 3; nth += 1) t.equal((await world.login(`user${nth}`)).status, 200)
  t.match(await world.login('user3'), { status: 503, body: { code: 'sms_unavailable' } }, 'the fourth of a row')
  const without = await world.startInstance({ guard: {} })
  t.equal((await without.login('user3')).status, 200)
})
