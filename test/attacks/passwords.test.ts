import t from 'tap'
import { PASSWORD_RULES } from '../../src/core/limits.ts'
import { Problem } from '../../src/errors.ts'
import { createWorld, PASSWORD, type World } from '../support/app.ts'

const tryFrom = (caller: Pick<World, 'send'>, username: string, password: string, remoteAddress: string) =>
  caller.send({ method: 'POST', url: '/login', payload: { username, password }, remoteAddress })

/** Rules without delays, for tests that are not about them. */
const QUICK = { ...PASSWORD_RULES, firstDelay: 0 }

t.test('allows ten passwords for a name and address in 15 minutes across instances', async (t) => {
  const world = await createWorld(t, { passwordRules: QUICK })
  const others = [world, await world.startInstance(), await world.startInstance()]
  await world.addUser('alice')
  for (let nth = 0; nth < 10; nth += 1) {
    t.equal((await tryFrom(others[nth % 3]!, 'alice', `wrong ${nth}`, '198.51.100.7')).status, 401)
  }
  const eleventh = await tryFrom(world, 'alice', PASSWORD, '198.51.100.7')
  t.match(eleventh, { status: 429, body: { code: 'rate_limited' } }, 'even the correct password')
  t.ok(eleventh.body.retry_after > 880 && eleventh.body.retry_after <= 900)
  t.equal(
    (await tryFrom(await world.startInstance(), 'alice', PASSWORD, '198.51.100.7')).status,
    429,
    'also after a restart',
  )
  t.equal(
    (await tryFrom(world, 'alice', PASSWORD, '203.0.113.1')).status,
    200,
    'the owner logs in from another address',
  )
  await world.passTime(eleventh.body.retry_after)
  await world.passTime(60)
  t.equal((await tryFrom(world, 'alice', PASSWORD, '198.51.100.7')).status, 200, 'allowed again after the wait')
})

t.test('verifies ten of 60 parallel attempts', async (t) => {
  let looked = 0
  const world = await createWorld(t, {
    passwordRules: QUICK,
    app: {
      credentials: {
        passwords: {
          verify: async () => {
            looked += 1
            return false
          },
          hash: async () => '',
          upgrade: async () => undefined,
        },
      },
    },
  })
  const other = await world.startInstance()
  await world.addUser('alice')
  await Promise.all(
    Array.from({ length: 60 }, async (_, nth) => {
      for (;;) {
        const { status } = await tryFrom(nth % 2 ? world : other, 'alice', `wrong ${nth}`, '198.51.100.7')
        if (status !== 503) return
      }
    }),
  )
  t.equal(looked, 10)
})

t.test('all spellings of a name share one count, and unknown names are counted alike', async (t) => {
  const world = await createWorld(t, { passwordRules: QUICK })
  await world.addUser('Kate')
  const spellings = ['kate', 'KATE', ' kate ', 'ｋａｔｅ', '\u212aate']
  for (let nth = 0; nth < 10; nth += 1) await tryFrom(world, spellings[nth % 5]!, 'wrong', '198.51.100.7')
  t.equal((await tryFrom(world, 'kate', PASSWORD, '198.51.100.7')).status, 429)
  for (let nth = 0; nth < 10; nth += 1) {
    t.equal((await tryFrom(world, 'nobody', 'wrong', '198.51.100.7')).status, 401)
  }
  const known = await tryFrom(world, 'kate', 'wrong', '198.51.100.7')
  const unknown = await tryFrom(world, 'nobody', 'wrong', '198.51.100.7')
  t.equal(unknown.status, 429)
  t.strictSame(Object.keys(unknown.headers), Object.keys(known.headers))
  t.equal((await world.sql('select from password_attempts')).length, 4, 'two pairs and two names, all hashed')
})

t.test('a correct password resets the count of wrong ones', async (t) => {
  const world = await createWorld(t, { passwordRules: QUICK, resendCooldown: 0 })
  await world.addUser('alice')
  for (let round = 0; round < 3; round += 1) {
    for (let nth = 0; nth < 9; nth += 1) await tryFrom(world, 'alice', 'wrong', '198.51.100.7')
    t.equal((await tryFrom(world, 'alice', PASSWORD, '198.51.100.7')).status, 200)
  }
})

t.test('does not count parallel logins with the correct password as guesses', async (t) => {
  const world = await createWorld(t, { passwordRules: QUICK })
  await world.addUser('alice')
  const answers = await Promise.all(Array.from({ length: 10 }, () => tryFrom(world, 'alice', PASSWORD, '198.51.100.7')))
  const refusals = answers.filter(({ status }) => status !== 200)
  t.equal(refusals.length, 9)
  for (const { body } of refusals) t.equal(body.code, 'resend_cooldown', 'visible only with the correct password')
})

t.test('delays logins to an attacked name, except from the owner’s address', async (t) => {
  const world = await createWorld(t, { passwordRules: PASSWORD_RULES, resendCooldown: 0 })
  await world.addUser('alice')
  const home = await tryFrom(world, 'alice', PASSWORD, '203.0.113.1')
  await world.verify(home.body.pending_token, world.lastCode())

  for (let nth = 0; nth < 20; nth += 1) await tryFrom(world, 'alice', 'wrong', `198.51.100.${nth}`)
  for (let nth = 0; nth < 20; nth += 1) await tryFrom(world, 'nobody', 'wrong', `198.51.100.${nth}`)
  const timeOf = async (username: string, password: string, address: string) => {
    const before = world.waits.length
    const { status } = await tryFrom(world, username, password, address)
    return { status, ms: world.waits.slice(before).reduce((sum, ms) => sum + ms, 0) }
  }
  const stranger = await timeOf('alice', PASSWORD, '192.0.2.9')
  t.equal(stranger.status, 200, 'the correct password works from a new address')
  t.ok(stranger.ms >= 500, `delayed (${stranger.ms} ms)`)
  const unknown = await timeOf('nobody', 'wrong', '192.0.2.9')
  t.ok(unknown.ms >= 500, 'an unknown name is delayed alike')
  const owner = await timeOf('alice', PASSWORD, '203.0.113.1')
  t.equal(owner.status, 200)
  t.equal(owner.ms, 0, 'the owner’s address is not delayed')
  const guest = await timeOf('alice', 'wrong', '203.0.113.1')
  t.ok(guest.ms >= 500, 'a wrong password from there is delayed, which hides the owner’s addresses')
})

t.test('does not count attempts that failed for other reasons or were correct', async (t) => {
  let fault: 'none' | 'hash' | 'provider' = 'none'
  const world = await createWorld(t, {
    passwordRules: QUICK,
    resendCooldown: 0,
    provider: {
      name: 'test',
      send: async () => (fault === 'provider' ? { outcome: 'failed', reason: 'down' } : { outcome: 'accepted' }),
    },
    breaker: { failures: 3, openFor: 500 },
    app: {
      credentials: {
        passwords: {
          verify: async (_, password) => {
            if (fault === 'hash') throw new Problem('overloaded', { retryAfter: 1 })
            return password === PASSWORD
          },
          hash: async () => '',
          upgrade: async () => undefined,
        },
      },
    },
  })
  await world.addUser('alice')
  await world.addUser('bob', '+18009998877')
  for (const kind of ['hash', 'provider'] as const) {
    fault = kind
    for (let nth = 0; nth < 15; nth += 1) t.equal((await world.login('alice')).status, 503, kind)
  }
  fault = 'none'
  for (let nth = 0; nth < 15; nth += 1) t.equal((await world.login('bob')).status, 422, 'no code is sent there')
  await world.sql(`create function fail() returns trigger language plpgsql as
    $$ begin raise exception 'no space left' using errcode = '53100'; end $$`)
  await world.sql('create trigger fail before insert on challenges for each row execute function fail()')
  for (let nth = 0; nth < 15; nth += 1) t.equal((await world.login('alice')).status, 503, 'database')
  await world.sql('drop trigger fail on challenges')
  await new Promise((resolve) => setTimeout(resolve, 600))
  t.equal((await world.login('alice')).status, 200)
})
