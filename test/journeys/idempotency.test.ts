import { randomUUID } from 'node:crypto'
import t from 'tap'
import { deriveSecrets } from '../../src/keys/secrets.ts'
import { type Answer, createWorld, PASSWORD, type World } from '../support/app.ts'

type Caller = Pick<World, 'post'>

const loginWith = (caller: Caller, key: string, changes: object = {}) =>
  caller.post('/login', { username: 'alice', password: PASSWORD, ...changes }, { 'idempotency-key': key })

const resendWith = (caller: Caller, key: string, token: string, changes: object = {}) =>
  caller.post('/resend', { pending_token: token, ...changes }, { 'idempotency-key': key })

/** Creates a provider that accepts a message when `accept` is called. */
const createWaitingProvider = () => {
  let accept: () => void = () => {}
  const accepted = new Promise<void>((resolve) => {
    accept = resolve
  })
  return {
    accept: () => accept(),
    provider: {
      name: 'test',
      send: async () => {
        await accepted
        return { outcome: 'accepted' as const, messageId: randomUUID() }
      },
    },
  }
}

t.test('a repeated login with its key returns the same token and sends no second message', async (t) => {
  const world = await createWorld(t)
  const other = await world.startInstance()
  await world.addUser('alice')
  const key = randomUUID()
  const first = await loginWith(world, key)
  t.equal(first.status, 200)
  await world.ledger.drain()
  const second = await loginWith(other, `"${key}"`)
  t.equal(second.status, 200)
  t.equal(second.body.pending_token, first.body.pending_token, 'the same bytes from another instance')
  t.strictSame(
    { ...second.body, expires_in: 0, delivery: { ...second.body.delivery, resend_in: 0 } },
    {
      ...first.body,
      expires_in: 0,
      delivery: { ...first.body.delivery, resend_in: 0 },
    },
  )
  t.equal(world.messages.length, 1)
  t.equal((await world.verify(second.body.pending_token, world.lastCode())).status, 200)
})

t.test('a repeated login after the cooldown is not a new login', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const key = randomUUID()
  const first = await loginWith(world, key)
  await world.ledger.drain()
  await world.passTime(40)
  const second = await loginWith(world, key)
  t.equal(second.body.pending_token, first.body.pending_token)
  t.ok(Math.abs(second.body.expires_in - 260) <= 3, 'the remaining time')
  t.equal(second.body.delivery.resend_in, 0)
  t.equal(world.messages.length, 1)
  await world.passTime(261)
  const third = await loginWith(world, key)
  t.equal(third.status, 200)
  t.not(third.body.pending_token, first.body.pending_token, 'the key expires with its code')
  t.equal(world.messages.length, 2)
})

t.test('returns 409 while the first call is in progress', async (t) => {
  const waiting = createWaitingProvider()
  const world = await createWorld(t, { provider: waiting.provider })
  await world.addUser('alice')
  const key = randomUUID()
  const first = loginWith(world, key)
  while (world.messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  t.match(await loginWith(world, key), { status: 409, body: { code: 'idempotency_in_progress' } })
  waiting.accept()
  t.equal((await first).status, 200)
  await world.ledger.drain()
  t.equal((await loginWith(world, key)).status, 200)
  t.equal(world.messages.length, 1)
})

t.test('repeats the response of a first call that never finished after 11 s', async (t) => {
  // The test edits the ledger, so invariants are off.
  const world = await createWorld(t, { invariants: false })
  await world.addUser('alice')
  const key = randomUUID()
  const first = await loginWith(world, key)
  await world.ledger.drain()
  // The state after a process was killed before the response of the provider.
  await world.sql(`update sends set status = 'queued', settled_at = null, created_at = now() - interval '11 seconds'`)
  const second = await loginWith(world, key)
  t.match(second, { status: 200, body: { pending_token: first.body.pending_token, delivery: { status: 'unknown' } } })
})

t.test('sends one message for 30 parallel logins with one key, even without a cooldown', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  const other = await world.startInstance()
  await world.addUser('alice')
  for (let round = 1; round <= 5; round += 1) {
    const key = randomUUID()
    const before = world.messages.length
    const ask = async (nth: number): Promise<Answer> => {
      for (;;) {
        const answer = await loginWith(nth % 2 ? world : other, key)
        if (answer.status === 200 || answer.status === 422 || answer.status === 401) return answer
      }
    }
    const answers = await Promise.all(Array.from({ length: 30 }, (_, nth) => ask(nth)))
    t.equal(world.messages.length - before, 1, `round ${round}: one message`)
    t.equal(new Set(answers.map(({ body }) => body.pending_token)).size, 1, 'one token for all')
  }
})

t.test('refuses a key that is reused for another request', async (t) => {
  const world = await createWorld(t, {
    provider: { name: 'test', channels: ['sms', 'voice'], send: async () => ({ outcome: 'accepted' }) },
  })
  await world.addUser('alice')
  await world.addUser('bob', '+12025550144')
  const key = randomUUID()
  const { body } = await loginWith(world, key)
  await world.ledger.drain()
  for (const changes of [{ channel: 'voice' }, { client: 'ios' }, { username: 'bob' }]) {
    t.match(
      await loginWith(world, key, changes),
      { status: 422, body: { code: 'idempotency_key_reused' } },
      JSON.stringify(changes),
    )
  }
  await world.passTime(30)
  t.match(await resendWith(world, key, body.pending_token), { status: 422, body: { code: 'idempotency_key_reused' } })
  t.equal(
    (await loginWith(world, key, { username: ' ALICE ' })).status,
    200,
    'another spelling of the name is the same request',
  )
  t.equal(world.messages.length, 1)
})

t.test('refuses a key with a wrong password', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const key = randomUUID()
  await loginWith(world, key)
  await world.ledger.drain()
  t.equal((await loginWith(world, key, { password: 'a wrong password' })).body.code, 'invalid_credentials')
})

t.test('a repeated resend with its key keeps the code and sends no second message', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  await world.passTime(30)
  const key = randomUUID()
  const first = await resendWith(world, key, token)
  t.equal(first.status, 200)
  await world.ledger.drain()
  const second = await resendWith(world, key, token)
  t.equal(second.status, 200)
  t.equal(second.body.pending_token, token)
  t.equal(world.messages.length, 2)
  t.match(await resendWith(world, key, token, { client: 'ios' }), { status: 422 })
  t.equal((await world.verify(token, world.lastCode())).status, 200)
})

t.test('a login that could not be sent releases its key', async (t) => {
  let isDown = true
  const world = await createWorld(t, {
    provider: {
      name: 'test',
      send: async () => (isDown ? { outcome: 'failed', reason: 'it is down' } : { outcome: 'accepted' }),
    },
  })
  await world.addUser('alice')
  const key = randomUUID()
  t.equal((await loginWith(world, key)).status, 503)
  isDown = false
  t.equal((await loginWith(world, key)).status, 200)
})

t.test('a repeated /verify with a key finds the code used up', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  t.equal((await world.verify(token, world.lastCode())).status, 200)
  const again = await world.post(
    '/verify',
    { pending_token: token, code: world.lastCode() },
    { 'idempotency-key': randomUUID() },
  )
  t.equal(again.body.code, 'challenge_invalid')
})

t.test('stores neither the key nor the secrets of the token', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const key = randomUUID()
  const { body } = await loginWith(world, key)
  const claims = JSON.parse(Buffer.from(body.pending_token.split('.')[1], 'base64url').toString())
  const dump = JSON.stringify(
    await world.sql(
      'select k, c, u from idempotency_keys k join challenges c using (challenge_id) join users u on u.user_id = c.user_id',
    ),
  )
  const half = Buffer.from(claims.key, 'base64url').toString('hex')
  for (const secret of [key, key.replaceAll('-', ''), claims.key, half]) t.notOk(dump.includes(secret))
  t.notOk(world.logged.join('').includes(key))
})

t.test('refuses short and malformed keys', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  for (const key of ['short', '""', 'with a space in it, at that', 'x'.repeat(201), '"half-quoted-half-quoted']) {
    t.match(await loginWith(world, key), { status: 400, body: { code: 'validation_failed' } }, JSON.stringify(key))
  }
  t.equal(world.messages.length, 0)
})

t.test('repeats a response with the former secret after a rotation', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const key = randomUUID()
  const first = await loginWith(world, key)
  await world.ledger.drain()
  const former = { ...deriveSecrets('only for tests: not a secret at all'), from: 0 }
  const next = { ...deriveSecrets('only for tests: the secret that came after'), from: 0 }
  const rotated = await world.startInstance({ secrets: [next, former] })
  const second = await loginWith(rotated, key)
  t.equal(second.body.pending_token, first.body.pending_token)
  t.equal((await rotated.verify(second.body.pending_token, world.lastCode())).status, 200)
})

t.test('repeats a response while every circuit breaker is open', async (t) => {
  let isLost = true
  const world = await createWorld(t, {
    breaker: { failures: 1, openFor: 60_000 },
    provider: {
      name: 'test',
      send: async () => {
        if (isLost) return { outcome: 'unknown', reason: 'no answer' }
        return { outcome: 'accepted' }
      },
    },
  })
  await world.addUser('alice')
  const key = randomUUID()
  const first = await loginWith(world, key)
  t.match(first, { status: 200, body: { delivery: { status: 'unknown' } } })
  await world.ledger.drain()
  isLost = false
  await world.addUser('bob', '+12025550144')
  t.equal((await world.login('bob')).status, 503, 'other users get 503')
  t.equal((await loginWith(world, key)).body.pending_token, first.body.pending_token)
})

t.test('users with the same key do not block each other, and the budget stays exact', async (t) => {
  const world = await createWorld(t, {
    resendCooldown: 0,
    guard: { budgets: { '*': { messages: 1_000, cost: null } }, budget: { soft: 2, reserve: 0 } },
  })
  const other = await world.startInstance()
  for (let nth = 0; nth < 8; nth += 1) await world.addUser(`user${nth}`, `+1202555014${nth}`)
  for (let round = 0; round < 3; round += 1) {
    const key = randomUUID()
    await Promise.all(
      Array.from({ length: 8 }, (_, nth) => loginWith(nth % 2 ? world : other, key, { username: `user${nth}` })),
    )
  }
  const [{ messages } = {}] = await world.sql(`select messages from send_budgets where scope = '*'`)
  t.equal(messages, world.messages.length, 'the budget equals the sent messages')
})
