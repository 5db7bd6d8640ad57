import { randomBytes, randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Factor, Proof } from '../../src/core/challenge/factor.ts'
import { limitsFor } from '../../src/core/limits.ts'
import { createChallengeStore } from '../../src/store/challenges/index.ts'
import { madeCode, NO_RULES, newSession } from '../contracts/challenge-store.ts'
import { createAdminWorld } from '../support/admin.ts'
import { createWorld, PASSWORD, type WorldOptions, wrongCode } from '../support/app.ts'
import { cardFactor, digitOf } from '../support/factors/card/index.ts'
import { hotp, tokenFactor } from '../support/factors/token/index.ts'

const SECRET = randomBytes(20)

/** The registration of two factors; besides their folders, this is the only change. */
const factors: WorldOptions['factors'] = (ours) => [...ours, tokenFactor, cardFactor]

/** Creates a world whose user alice has these factors, and a phone only if `sms` is among them. */
const createFactorWorld = async (t: Test, names: string[], options: WorldOptions = {}) => {
  const world = await createWorld(t, { factors, ...options })
  const userId = await world.addUser('alice')
  if (!names.includes('sms')) await world.sql('delete from factors')
  for (const name of names.filter((one) => one !== 'sms')) {
    await world.sql('insert into factors (user_id, factor, secret) values ($1, $2, $3)', [userId, name, SECRET])
  }
  return { ...world, userId }
}

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())

t.test('logs a user in with a factor that sends nothing', async (t) => {
  const world = await createFactorWorld(t, ['token'])
  const { status, body } = await world.login('alice')
  t.equal(status, 200)
  t.match(body, { token_type: 'pending-2fa', factor: 'token', factors: ['token'], code_length: 6, expires_in: 300 })
  t.notOk('delivery' in body, 'no delivery')
  t.notOk('options' in body, 'no options besides the code')
  const answer = await world.verify(body.pending_token, hotp(SECRET, 0))
  t.equal(answer.status, 200)
  t.match(claimsOf(answer.body.access_token), { acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] })
  t.strictSame(world.messages, [])
  t.strictSame(await world.sql('select * from sends'), [])
  t.match((await world.as(answer.body.access_token).get('/me')).body, { phone: null, factors: ['token'] })
})

t.test('accepts each counter code once across all challenges', async (t) => {
  const world = await createFactorWorld(t, ['token'])
  const first = (await world.login('alice')).body.pending_token
  t.equal((await world.verify(first, hotp(SECRET, 3))).status, 200)
  const second = (await world.login('alice')).body.pending_token
  for (const used of [3, 2, 0]) t.match((await world.verify(second, hotp(SECRET, used))).body, { code: 'invalid_code' })
  t.equal((await world.verify(second, hotp(SECRET, 4))).status, 200)
  t.match(await world.sql('select counter::int, failures from factors'), [{ counter: 4, failures: 0 }])
})

t.test('accepts one of 16 parallel calls with the same code on two instances', async (t) => {
  const world = await createFactorWorld(t, ['token'])
  const other = await world.startInstance()
  const { pending_token } = (await world.login('alice')).body
  const answers = await Promise.all(
    Array.from({ length: 16 }, (_, nth) => [world, other][nth % 2]!.verify(pending_token, hotp(SECRET, 0))),
  )
  t.equal(answers.filter(({ status }) => status === 200).length, 1)
})

t.test('counts guesses at a factor that sends nothing and locks it at ten', async (t) => {
  const world = await createFactorWorld(t, ['token'])
  const wrong = wrongCode(hotp(SECRET, 0), 500_000)
  for (let challenge = 0; challenge < 2; challenge += 1) {
    const { pending_token } = (await world.login('alice')).body
    const codes: string[] = []
    for (let nth = 0; nth < 6; nth += 1) codes.push((await world.verify(pending_token, wrong)).body.code)
    t.strictSame(codes.slice(0, 5), Array(5).fill('invalid_code'))
    t.equal(codes[5], challenge === 0 ? 'challenge_invalid' : 'factor_locked')
  }
  t.match(await world.sql('select failures from factors'), [{ failures: 10 }])
  t.equal((await world.login('alice')).status, 401, 'no challenge opens during the lock')
})

t.test('a new login replaces the former one at once if the factor sends nothing', async (t) => {
  const world = await createFactorWorld(t, ['token'])
  const first = (await world.login('alice')).body.pending_token
  const second = await world.login('alice')
  t.equal(second.status, 200, 'without a cooldown')
  t.match((await world.verify(first, hotp(SECRET, 0))).body, { code: 'challenge_invalid' })
  t.equal((await world.verify(second.body.pending_token, hotp(SECRET, 0))).status, 200)
})

t.test('a challenge that sent nothing has no delivery and refuses a resend', async (t) => {
  const world = await createFactorWorld(t, ['token'])
  const { pending_token } = (await world.login('alice')).body
  const view = await world.send({ url: '/challenge', headers: { authorization: `Bearer ${pending_token}` } })
  t.match(view.body, { factor: 'token', attempts_left: 5, state: 'waiting' })
  t.notOk('delivery' in view.body)
  t.match(await world.resend(pending_token), {
    status: 400,
    body: { code: 'validation_failed', errors: [{ path: '/pending_token' }] },
  })
  t.equal((await world.verify(pending_token, hotp(SECRET, 0))).status, 200)
})

t.test('every response about a challenge has the factor’s options', async (t) => {
  const world = await createFactorWorld(t, ['card'])
  const call = () =>
    world.send({
      method: 'POST',
      url: '/login',
      headers: { 'idempotency-key': '8e03978e-40d5-43e8-bc93-6894a57f9324' },
      payload: { username: 'alice', password: PASSWORD },
    })
  const { body } = await call()
  t.match(body, { factor: 'card', options: { cells: [/^[A-J]\d$/] } })
  const { expires_in: _, ...again } = (await call()).body
  t.match(body, again, 'the repeated call')
  t.strictSame(again.options, body.options)
  const { pending_token, options } = body
  const view = await world.send({ url: '/challenge', headers: { authorization: `Bearer ${pending_token}` } })
  t.strictSame(view.body.options, options)
  const code = options.cells.map((cell: string) => digitOf(SECRET, cell)).join('')
  const answer = await world.verify(pending_token, code)
  t.match(claimsOf(answer.body.access_token), { amr: ['pwd', 'kba', 'mfa'] })
})

t.test('uses the first factor that is not locked', async (t) => {
  const world = await createFactorWorld(t, ['sms', 'token'])
  t.match((await world.login('alice')).body, { factor: 'sms', factors: ['sms', 'token'], delivery: { channel: 'sms' } })
  await world.sql(`update factors set locked_until = now() + interval '1 hour' where factor = 'sms'`)
  const { body } = await world.login('alice')
  t.match(body, { factor: 'token', factors: ['sms', 'token'] }, 'the message cooldown does not delay it')
  t.equal((await world.verify(body.pending_token, hotp(SECRET, 0))).status, 200)
  await world.sql('update factors set locked_until = null')
  t.match((await world.login('alice')).body, { code: 'resend_cooldown' }, 'and does not end the cooldown')
})

t.test('a repeated login answers for its first factor, although that is locked by now', async (t) => {
  const world = await createFactorWorld(t, ['sms', 'token'])
  const call = () =>
    world.send({
      method: 'POST',
      url: '/login',
      headers: { 'idempotency-key': '3d6c2a1e-0a55-4e39-9d0c-6f0e5f1c7b42' },
      payload: { username: 'alice', password: PASSWORD },
    })
  const { body } = await call()
  t.match(body, { factor: 'sms', code_length: 6, delivery: { destination: '********43' } })
  await world.sql(`update factors set locked_until = now() + interval '1 hour' where factor = 'sms'`)
  const { delivery, expires_in: _, ...again } = (await call()).body
  t.match(body, again)
  t.equal(again.code_length, 6)
  t.equal(delivery.destination, body.delivery.destination)
  t.match((await world.login('alice')).body, { factor: 'token' }, 'while a new login gets another one')
})

t.test('refuses an answer for another factor than the challenge’s', async (t) => {
  const world = await createFactorWorld(t, ['sms', 'token'])
  const { pending_token } = (await world.login('alice')).body
  const answer = await world.post('/verify', { pending_token, code: hotp(SECRET, 0), factor: 'token' })
  t.match(answer.body, { code: 'challenge_invalid' })
  t.equal((await world.verify(pending_token, world.lastCode())).status, 200, 'the answer was not counted')
})

/** Returns a function that opens a challenge in the store and returns its guess function. */
const createGuesses = async (t: Test) => {
  const world = await createFactorWorld(t, ['token'])
  const store = createChallengeStore(world.database, limitsFor({ codeTtl: 300, resendCooldown: 30 }), NO_RULES)
  return async () => {
    const ref = { challengeId: randomUUID(), userId: world.userId, purpose: 'login' as const }
    const challenge = { ...ref, ...madeCode(null), send: undefined, factor: 'token', destination: null, authEpoch: 0 }
    t.match(await store.begin(challenge), { outcome: 'issued', resendIn: 0 })
    return (proof: Proof) => store.guess({ ...ref, factor: 'token', proof, ...newSession() })
  }
}

t.test('never accepts an empty proof', async (t) => {
  const guess = await (await createGuesses(t))()
  t.match(await guess({}), { outcome: 'wrong', attemptsLeft: 4 })
  t.match(await guess({ hash: randomBytes(32) }), { outcome: 'wrong' })
  t.match(await guess({ hash: randomBytes(32), counter: 1 }), { outcome: 'wrong' })
  t.match(await guess({ counter: 0 }), { outcome: 'spent' })
})

t.test('counts an answer with an invalid counter as a wrong one', async (t) => {
  const counters = [Number.NaN, Number.POSITIVE_INFINITY, 1.5, -1, 2 ** 53]
  let nth = 0
  const careless: Factor = { ...tokenFactor, answer: () => ({ counter: counters[nth++]! }) }
  const world = await createFactorWorld(t, ['token'], { factors: (ours) => [...ours, careless] })
  const { pending_token } = (await world.login('alice')).body
  for (const attempts_left of [4, 3, 2, 1, 0])
    t.match(await world.verify(pending_token, '000000'), { status: 401, body: { code: 'invalid_code', attempts_left } })
  t.match(await world.sql('select failures, counter from factors'), [{ failures: 5, counter: null }])
})

t.test('refuses a counter that another login has used', async (t) => {
  const begin = await createGuesses(t)
  t.match(await (await begin())({ counter: 7 }), { outcome: 'spent' })
  const guess = await begin()
  for (const counter of [7, 6, 0]) t.match(await guess({ counter }), { outcome: 'wrong' })
  t.match(await guess({ counter: 8 }), { outcome: 'spent' })
})

t.test('a login that sends nothing starts no message cooldown', async (t) => {
  const world = await createFactorWorld(t, ['sms', 'token'])
  await world.sql(`update factors set locked_until = now() + interval '1 hour' where factor = 'sms'`)
  t.match((await world.login('alice')).body, { factor: 'token' })
  await world.sql('update factors set locked_until = null')
  t.match(await world.login('alice'), { status: 200, body: { factor: 'sms' } })
})

t.test('the admin API shows every factor of a user, and resets all of them', async (t) => {
  const world = await createAdminWorld(t, { factors })
  const userId = await world.addUser('alice')
  await world.sql(`insert into factors (user_id, factor, failures, disabled_at) values ($1, 'token', 100, now())`, [
    userId,
  ])
  const { admin } = world
  t.match((await admin.get(`/admin/users/${userId}`)).body, {
    phone: '********43',
    factor: { name: 'sms', failures: 0 },
    factors: [
      { name: 'sms', failures: 0, disabled: false },
      { name: 'token', failures: 100, disabled: true },
    ],
  })
  t.equal((await admin.post(`/admin/users/${userId}/reset-factor`)).status, 200)
  t.match((await admin.get(`/admin/users/${userId}`)).body, {
    factors: [{ failures: 0 }, { failures: 0, disabled: false }],
  })
})

t.test('a user without a phone changes the password without a notice and cannot change a number', async (t) => {
  const world = await createFactorWorld(t, ['token'])
  const { pending_token } = (await world.login('alice')).body
  const { access_token } = (await world.verify(pending_token, hotp(SECRET, 0))).body
  const alice = world.as(access_token)
  t.match((await alice.post('/phone', { phone: '+12025550199' })).body, { code: 'factor_disabled' })
  const change = { current_password: PASSWORD, new_password: 'another long password of hers' }
  t.equal((await alice.post('/password', change)).status, 200)
  t.strictSame(await world.sql('select * from notices'), [])
})
