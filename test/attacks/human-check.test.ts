import t from 'tap'
import type { HumanCheck } from '../../src/core/guard/ports.ts'
import { GUARD_RULES, type GuardPolicy } from '../../src/core/guard/rules.ts'
import { createProofOfWork } from '../../src/guard/human-checks/proof-of-work.ts'
import { solveProofOfWork } from '../../src/guard/human-checks/solve-proof-of-work.ts'
import { createDatabase } from '../../src/store/database.ts'
import { createNonceStore } from '../../src/store/guard/nonces.ts'
import { createWorld, PASSWORD, type World } from '../support/app.ts'
import { createTestDatabase } from '../support/postgres.ts'

/** A budget that requires a human check of unknown users from the first message on. */
const SOFT: Partial<GuardPolicy> = {
  budgets: { '*': { messages: 100, cost: null } },
  budget: { soft: 0, reserve: GUARD_RULES.budget.reserve },
}

const loginWith = (world: World, username: string, answer?: string) =>
  world.post('/login', { username, password: PASSWORD, ...(answer !== undefined && { human_check: answer }) })

t.test('requires proof of work of unknown users in a low budget, once for each message', async (t) => {
  const database = createDatabase({ url: await createTestDatabase(t), poolSize: 2, onIdleError: () => {} })
  t.teardown(() => database.close())
  const humanCheck = createProofOfWork({
    key: Buffer.alloc(32, 3),
    nonces: createNonceStore(database),
    now: Date.now,
    bits: 8,
  })
  const world = await createWorld(t, { guard: SOFT, app: { guard: { humanCheck } } })
  await world.addUser('alice')
  await world.addUser('bob', '+12025550144')

  const asked = await loginWith(world, 'alice')
  t.match(asked, { status: 403, body: { code: 'forbidden', human_check: { kind: 'proof-of-work', bits: 8 } } })
  t.equal(world.messages.length, 0)
  const { nonce, bits } = asked.body.human_check
  const answer = solveProofOfWork({ nonce, bits })
  t.equal((await loginWith(world, 'alice', answer)).status, 200)
  t.equal(world.messages.length, 1)
  t.match(await loginWith(world, 'bob', answer), { status: 403, body: { code: 'forbidden' } }, 'the answer is used up')
  t.match(await loginWith(world, 'bob', 'rubbish'), { status: 403, body: { code: 'forbidden' } })
  t.equal(world.messages.length, 1)
})

const saying = (outcome: 'passed' | 'failed' | 'unavailable'): HumanCheck => ({
  name: 'test',
  challenge: () => ({ kind: 'test' }),
  verify: async () => outcome,
})

t.test('lets users with the correct password in while the human check is down', async (t) => {
  const world = await createWorld(t, { guard: SOFT, app: { guard: { humanCheck: saying('unavailable') } } })
  await world.addUser('alice')
  t.equal((await loginWith(world, 'alice')).status, 403)
  t.equal((await loginWith(world, 'alice', 'whatever')).status, 200)
})

t.test('a wrong password requires no check and uses up no answer', async (t) => {
  let verified = 0
  const humanCheck: HumanCheck = {
    ...saying('passed'),
    verify: async () => {
      verified += 1
      return 'passed'
    },
  }
  const world = await createWorld(t, { guard: SOFT, app: { guard: { humanCheck } } })
  await world.addUser('alice')
  const { status, body } = await world.post('/login', { username: 'alice', password: 'wrong', human_check: 'answer' })
  t.match({ status, body }, { status: 401, body: { code: 'invalid_credentials' } })
  t.equal(verified, 0)
})

t.test('never requires a check of known users', async (t) => {
  const world = await createWorld(t, { guard: SOFT, app: { guard: { humanCheck: saying('failed') } } })
  await world.addUser('alice')
  t.equal((await loginWith(world, 'alice')).status, 403)
  await world.sql(
    `insert into sends (send_id, challenge_id, user_id, provider, channel, country, prefix, phone_hash, segments, status,
       created_at, verified_at)
     select gen_random_uuid(), gen_random_uuid(), user_id, 'history', 'sms', 'US', '+1202555', $1, 1, 'delivered',
       now() - interval '1 day', now() - interval '1 day' from users`,
    [world.phoneHash('+12025550143')],
  )
  t.equal((await loginWith(world, 'alice')).status, 200)
})

t.test('a low budget requires nothing if no check is configured', async (t) => {
  const world = await createWorld(t, { guard: SOFT })
  await world.addUser('alice')
  t.equal((await loginWith(world, 'alice')).status, 200)
})
