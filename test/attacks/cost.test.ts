import t, { type Test } from 'tap'
import { GUARD_RULES, type GuardPolicy } from '../../src/core/guard/rules.ts'
import { createWorld, PASSWORD, type World } from '../support/app.ts'

const { user, number, address, network } = GUARD_RULES
const CAPS: Partial<GuardPolicy> = { user, number, address, network }

/** Creates a world with the caps of production and without cooldowns. */
const cappedWorld = (t: Test, guard: Partial<GuardPolicy> = CAPS) => createWorld(t, { resendCooldown: 0, guard })

const loginFrom = (world: Pick<World, 'send'>, username: string, remoteAddress: string) =>
  world.send({
    method: 'POST',
    url: '/login',
    payload: { username, password: PASSWORD },
    remoteAddress,
  })

/** Makes the user known: adds a send whose code was entered this many days ago. */
const makeKnown = (world: World, userId: string, daysAgo = 1) =>
  world.sql(
    `insert into sends (send_id, challenge_id, user_id, provider, channel, country, prefix, phone_hash, segments, status,
       created_at, verified_at)
     select gen_random_uuid(), gen_random_uuid(), user_id, 'history', channel, country, prefix, phone_hash, 1, 'delivered',
       now() - make_interval(days => $2), now() - make_interval(days => $2)
     from sends where user_id = $1 limit 1`,
    [userId, daysAgo],
  )

t.test('refuses the sixth code within an hour and sends one after the hour', async (t) => {
  const world = await cappedWorld(t)
  await world.addUser('alice')
  for (let nth = 1; nth <= 5; nth += 1) t.equal((await world.login('alice')).status, 200)
  const sixth = await world.login('alice')
  t.match(sixth, { status: 429, body: { code: 'rate_limited' } })
  t.ok(sixth.body.retry_after > 3_590 && sixth.body.retry_after <= 3_600)
  t.equal(world.messages.length, 5)
  await world.passTime(sixth.body.retry_after)
  t.equal((await world.login('alice')).status, 200, 'accepted after Retry-After')
})

t.test('refuses the eleventh code within a day', async (t) => {
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

t.test('a refused code keeps the open challenge valid', async (t) => {
  const world = await cappedWorld(t)
  await world.addUser('alice')
  let token = ''
  for (let nth = 1; nth <= 5; nth += 1) token = (await world.login('alice')).body.pending_token
  const code = world.lastCode()
  t.equal((await world.login('alice')).status, 429)
  t.equal((await world.resend(token)).status, 429, 'a resend is refused too')
  t.equal((await world.verify(token, code)).status, 200)
})

t.test('users who share a number share its caps and its cooldown', async (t) => {
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

t.test('limits unknown users to ten codes an hour from one address and forty from one network', async (t) => {
  const world = await cappedWorld(t)
  for (let nth = 0; nth <= 41; nth += 1) await world.addUser(`user${nth}`, `+12025550${100 + nth}`)
  for (let nth = 0; nth < 10; nth += 1) t.equal((await loginFrom(world, `user${nth}`, '198.51.100.7')).status, 200)
  t.match(await loginFrom(world, 'user10', '198.51.100.7'), { status: 429, body: { code: 'rate_limited' } })
  for (let nth = 10; nth < 40; nth += 1) {
    t.equal(
      (await loginFrom(world, `user${nth}`, `198.51.100.${nth}`)).status,
      200,
      `from neighbor ${nth} in the network`,
    )
  }
  t.match(await loginFrom(world, 'user40', '198.51.100.200'), { status: 429, body: { code: 'rate_limited' } })
  t.equal((await loginFrom(world, 'user40', '203.0.113.1')).status, 200, 'from another network')
})

t.test('counts all addresses of an IPv6 /64 as one', async (t) => {
  const world = await cappedWorld(t)
  for (let nth = 0; nth <= 10; nth += 1) await world.addUser(`user${nth}`, `+12025550${100 + nth}`)
  for (let nth = 0; nth < 10; nth += 1) {
    t.equal((await loginFrom(world, `user${nth}`, `2001:db8:1:2::${nth + 1}`)).status, 200)
  }
  t.equal((await loginFrom(world, 'user10', '2001:db8:1:2:ffff::1')).status, 429)
  t.equal((await loginFrom(world, 'user10', '2001:db8:1:3::1')).status, 200)
})

t.test('address caps do not apply to known users', async (t) => {
  const world = await cappedWorld(t)
  for (let nth = 0; nth <= 10; nth += 1) await world.addUser(`user${nth}`, `+12025550${100 + nth}`)
  const known = await world.addUser('known', '+12025550190')
  await loginFrom(world, 'known', '203.0.113.1')
  await makeKnown(world, known)
  for (let nth = 0; nth < 10; nth += 1) await loginFrom(world, `user${nth}`, '198.51.100.7')
  t.equal((await loginFrom(world, 'user10', '198.51.100.7')).status, 429)
  t.equal((await loginFrom(world, 'known', '198.51.100.7')).status, 200)
  await world.sql(`update sends set verified_at = null`)
  t.equal((await loginFrom(world, 'known', '198.51.100.7')).status, 429, 'a user who never entered a code is unknown')
})

t.test('sends ten messages for 40 parallel logins of 40 users from one address', async (t) => {
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

t.test('sends one message for 40 parallel logins with one message left in the budget', async (t) => {
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

t.test('a budget stops unknown users at 90 % and known users at its end, with a Retry-After', async (t) => {
  const world = await cappedWorld(t, { budgets: { each: { messages: 10, cost: null } }, budget: GUARD_RULES.budget })
  for (let nth = 0; nth <= 10; nth += 1) await world.addUser(`user${nth}`, `+12025550${100 + nth}`)
  const known = await world.addUser('known', '+12025550190')
  t.equal((await world.login('known')).status, 200)
  await makeKnown(world, known)
  for (let nth = 1; nth < 9; nth += 1) t.equal((await world.login(`user${nth}`)).status, 200)
  const refused = await world.login('user9')
  t.match(refused, { status: 503, body: { code: 'sms_unavailable' } })
  t.ok(refused.body.retry_after <= 3_600, 'the operator may raise the budget before midnight')
  t.equal((await world.login('known')).status, 200, 'the last tenth is for known users')
  t.equal((await world.login('known')).status, 503)
  t.strictSame(
    (await world.sql('select type from events order by created_at')).map(({ type }) => type),
    ['budget.soft', 'budget.hard'],
    'one event for each threshold',
  )
})

t.test('a budget in money counts segments', async (t) => {
  const world = await cappedWorld(t, {
    budgets: { US: { messages: null, cost: 0.02 } },
    budget: { soft: 2, reserve: 0 },
  })
  for (let nth = 0; nth < 3; nth += 1) await world.addUser(`user${nth}`, `+12025550${100 + nth}`)
  t.equal((await world.login('user0')).status, 200)
  t.equal((await world.login('user1')).status, 200)
  t.equal((await world.login('user2')).status, 503, 'three times 0.0083 exceed the budget')
})

t.test('a send that certainly failed counts for no cap and no budget', async (t) => {
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

t.test('a failover to a second provider counts once in the budget', async (t) => {
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

t.test('sends nothing to special-rate numbers and to countries that are not listed', async (t) => {
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
    'an invalid number': '+1202555',
  }
  for (const [nth, [kind, phone]] of Object.entries(refused).entries()) {
    await world.addUser(`user${nth}`, phone)
    t.match(await world.login(`user${nth}`), { status: 422, body: { code: 'destination_not_allowed' } }, kind)
  }
  t.equal(world.messages.length, 0)
  t.equal((await world.sql('select from sends')).length, 0)
})

t.test('sends nothing to a number whose SIM was swapped recently', async (t) => {
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
  t.equal((await world.login('bob')).status, 200, 'an unknown risk does not refuse')
  t.strictSame(asked, ['+12025550166', '+12025550143'])
  t.equal((await world.login('bob', 'a wrong password')).status, 401)
  t.equal(asked.length, 2, 'no lookup before the correct password')
})

t.test('does not pay for a lookup during a cooldown', async (t) => {
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

t.test('messages to scenario numbers do not count for country, address and prefix rules', async (t) => {
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

t.test('disabling a rule disables its blocks', async (t) => {
  const { prefix, consecutive, conversion } = GUARD_RULES
  const world = await createWorld(t, { guard: { prefix, consecutive, conversion } })
  for (let nth = 0; nth < 4; nth += 1) await world.addUser(`user${nth}`, `+1202555014${nth}`)
  for (let nth = 0; nth < 3; nth += 1) t.equal((await world.login(`user${nth}`)).status, 200)
  t.match(
    await world.login('user3'),
    { status: 503, body: { code: 'sms_unavailable' } },
    'the fourth consecutive number',
  )
  const without = await world.startInstance({ guard: {} })
  t.equal((await without.login('user3')).status, 200)
})
