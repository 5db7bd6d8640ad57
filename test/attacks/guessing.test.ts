import t from 'tap'
import { createWorld, type World, wrongCode } from '../support/app.ts'

const failures = async (world: World) => (await world.sql('select failures from factors'))[0]?.failures

/** Makes `times` wrong guesses on one challenge. */
const guessWrong = async (world: World, token: string, times: number) => {
  const code = world.lastCode()
  for (let nth = 1; nth <= times; nth += 1) await world.verify(token, wrongCode(code, nth))
}

t.test('refuses even the correct code after five wrong guesses', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  const code = world.lastCode()
  for (const left of [4, 3, 2, 1, 0]) {
    const { body } = await world.verify(token, wrongCode(code, left + 1))
    t.match(body, { code: 'invalid_code', attempts_left: left })
  }
  t.equal((await world.verify(token, code)).body.code, 'challenge_invalid')
  t.equal((await world.get('/challenge', token)).body.state, 'closed')
})

t.test('counts failures across resends, logins and instances, and locks the factor at ten', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')

  const first = (await world.login('alice')).body.pending_token
  await guessWrong(world, first, 4)
  await world.passTime(30)
  t.equal((await world.resend(first)).status, 200)
  await guessWrong(world, first, 1)
  t.equal(
    (await world.verify(first, world.lastCode())).body.code,
    'challenge_invalid',
    'a resend does not restore attempts',
  )
  t.equal(await failures(world), 5)

  await world.passTime(3_000)
  const restarted = await world.startInstance()
  const second = (await restarted.login('alice')).body.pending_token
  await guessWrong(world, second, 4)
  t.equal(await failures(world), 9)

  const tenth = await restarted.verify(second, wrongCode(world.lastCode(), 9))
  t.match(tenth.body, { code: 'invalid_code', attempts_left: 0 })
  const eleventh = await world.send({
    method: 'POST',
    url: '/verify',
    payload: { pending_token: second, code: world.lastCode() },
    remoteAddress: '198.51.100.7',
  })
  t.equal(eleventh.body.code, 'factor_locked', 'the correct code from another address')
  t.ok(eleventh.body.retry_after > 890 && eleventh.body.retry_after <= 900)
  t.equal((await world.resend(second)).body.code, 'factor_locked', 'a resend is refused too')
  t.match(
    await world.sql('select type, data from events'),
    [{ type: 'account.locked', data: { factor: 'sms', failures: 10 } }],
    'one event for the operator',
  )

  await world.passTime(901)
  const [{ still } = {}] = await world.sql('select locked_until > now() as still from factors')
  t.equal(still, false)
})

t.test('doubles each further lock, up to a day', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  for (const [before, seconds] of [
    [9, 900],
    [19, 1_800],
    [29, 3_600],
    [89, 86_400],
  ] as const) {
    await world.sql('update factors set failures = $1, locked_until = null', [before])
    await world.passTime(100_000)
    const { pending_token: token } = (await world.login('alice')).body
    await guessWrong(world, token, 1)
    const { body } = await world.verify(token, world.lastCode())
    t.equal(body.code, 'factor_locked')
    t.ok(Math.abs(body.retry_after - seconds) <= 2, `after ${before + 1} failures ${seconds} s`)
  }
})

t.test('disables the factor at the hundredth failure until an operator resets it', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  await world.sql('update factors set failures = 99')
  const { pending_token: token } = (await world.login('alice')).body
  const code = world.lastCode()
  t.match(await world.verify(token, wrongCode(code)), { status: 403, body: { code: 'factor_disabled' } })
  t.match(await world.verify(token, code), { status: 403, body: { code: 'factor_disabled' } })
  t.match(await world.resend(token), { status: 403, body: { code: 'factor_disabled' } })

  t.match(await world.sql('select type, data from events'), [
    { type: 'factor.disabled', data: { factor: 'sms', failures: 100 } },
  ])
  await world.passTime(100_000)
  t.equal((await world.login('alice')).body.code, 'invalid_credentials')
  t.equal(await world.users.resetFactor('ALICE'), true)
  const fresh = (await world.login('alice')).body.pending_token
  t.equal((await world.verify(fresh, world.lastCode())).status, 200)
})

t.test('a correct code resets the count of failures', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  await guessWrong(world, token, 4)
  t.equal(await failures(world), 4)
  t.equal((await world.verify(token, world.lastCode())).status, 200)
  t.equal(await failures(world), 0)
})

t.test('refuses a code that is not six to eight digits without counting it', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  const code = world.lastCode()
  const spellings = [
    `_${code}`,
    `${code}\n`,
    `+${code}`,
    `${code},`,
    '1e5',
    '0x1234',
    '¹²³⁴⁵⁶',
    '①②③④⑤⑥',
    '12345',
    '',
    '123456789',
  ]
  for (const spelling of spellings) {
    t.equal((await world.verify(token, spelling)).body.code, 'validation_failed', JSON.stringify(spelling))
  }
  for (const value of [Number(code), [code], { code }, null, true]) {
    t.equal((await world.post('/verify', { pending_token: token, code: value })).status, 400, typeof value)
  }
  t.equal((await world.sql('select attempts from challenges'))[0]?.attempts, 0)
  t.equal((await world.verify(token, code)).status, 200)
})

t.test('a code is valid only for its own challenge', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice', '+12025550143')
  await world.addUser('bob', '+12025550144')
  const alice = (await world.login('alice')).body.pending_token
  const aliceCode = world.lastCode()
  const bob = (await world.login('bob')).body.pending_token
  const bobCode = world.lastCode()
  if (aliceCode !== bobCode) {
    t.equal((await world.verify(alice, bobCode)).body.code, 'invalid_code')
    t.equal((await world.verify(bob, aliceCode)).body.code, 'invalid_code')
  }
  t.strictSame(await world.sql('select attempts from challenges'), [{ attempts: 1 }, { attempts: 1 }])
})

t.test('a resend invalidates the former code, and a new login the former challenge', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const first = (await world.login('alice')).body.pending_token
  const firstCode = world.lastCode()
  await world.passTime(30)
  const resent = await world.resend(first)
  t.match(resent.body, { pending_token: first, delivery: { resend_in: 60 } })
  const secondCode = world.lastCode()
  if (firstCode !== secondCode) t.equal((await world.verify(first, firstCode)).body.code, 'invalid_code')

  await world.passTime(60)
  const second = (await world.login('alice')).body.pending_token
  t.equal((await world.verify(first, secondCode)).body.code, 'challenge_invalid')
  t.equal((await world.resend(first)).body.code, 'challenge_invalid')
  t.equal((await world.get('/challenge', first)).body.state, 'closed')
  t.equal((await world.verify(second, world.lastCode())).status, 200)
})

t.test('refuses a code that has expired by the clock of the database', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  await world.passTime(299)
  t.equal((await world.get('/challenge', token)).body.state, 'waiting')
  await world.passTime(2)
  t.equal((await world.verify(token, world.lastCode())).body.code, 'challenge_invalid')
  t.equal((await world.get('/challenge', token)).body.state, 'closed')
})

t.test('disabling or deleting an account ends its open challenge', async (t) => {
  const world = await createWorld(t)
  const userId = await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  await world.users.setDisabled('alice', true)
  t.equal((await world.verify(token, world.lastCode())).body.code, 'challenge_invalid', 'disabled')
  await world.users.setDisabled('alice', false)
  t.equal(
    (await world.verify(token, world.lastCode())).body.code,
    'challenge_invalid',
    'enabled again, with a new epoch',
  )
  await world.sql('delete from users where user_id = $1', [userId])
  t.equal((await world.verify(token, world.lastCode())).body.code, 'challenge_invalid', 'deleted')
})

t.test('the cooldown doubles with each code, falls in quiet time and restarts after a success', async (t) => {
  const world = await createWorld(t, { codeTtl: 600 })
  await world.addUser('alice')
  const step = async () => (await world.login('alice')).body.delivery?.resend_in
  t.equal(await step(), 30)
  for (const wait of [60, 120, 240, 480, 960, 1_920, 1_920]) {
    await world.passTime(wait === 1_920 ? 1_921 : wait)
    const next = await step()
    t.ok(next === wait, `then ${wait} s (${next})`)
  }
  await world.passTime(1_920 + 1_800 * 3)
  t.equal(await step(), 480, 'three quiet half-hours remove three of seven steps, and this code adds one')
  await world.passTime(480)
  const { body } = await world.login('alice')
  t.equal((await world.verify(body.pending_token, world.lastCode())).status, 200)
  await world.passTime(3_600)
  t.equal(await step(), 30)
})
