import t from 'tap'
import { createHousekeeping } from '../../src/store/housekeeping/index.ts'
import { createWorld, PASSWORD, wrongCode } from '../support/app.ts'

const HOUR = 3_600
const NEW_PASSWORD = 'an older tale of four other words'
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())

t.test('a day in the life of one user, on two instances', async (t) => {
  const clock = { ahead: 0 }
  // Housekeeping takes the challenges that the invariants count.
  const world = await createWorld(t, { invariants: false })
  const other = await world.startInstance()
  const pass = async (seconds: number) => {
    clock.ahead += seconds
    await world.passTime(seconds)
  }

  // 08:00, a new user.
  const asked = await world.post('/register', { username: 'Alice', password: PASSWORD, phone: '+12025550143' })
  const first = (
    await other.post('/verify', {
      pending_token: asked.body.pending_token,
      code: world.lastCode(),
      remember_device: true,
      device_name: 'Laptop',
    })
  ).body
  t.match(claimsOf(first.access_token), { acr: 'aal2' })

  // The morning, a refresh every ten minutes, on whichever instance is at hand.
  let refreshToken = first.refresh_token
  for (let n = 0; n < 18; n += 1) {
    await pass(600)
    const { status, body } = await (n % 2 ? world : other).refresh(refreshToken)
    t.equal(status, 200, `${n + 1} times ten minutes`)
    refreshToken = body.refresh_token
  }
  t.equal(world.messages.length, 1, 'and one message for all of it')

  // 11:00, lunch: two hours without a refresh end the session; the laptop needs the password alone.
  await pass(2 * HOUR)
  t.equal((await world.refresh(refreshToken)).status, 401)
  const back = await world.post('/login', { username: 'alice', password: PASSWORD, device_token: first.device_token })
  t.match(claimsOf(back.body.access_token), { acr: 'aal1', amr: ['pwd'] })

  // 13:05, another number: not with one factor, nor with a wrong code, but with both.
  await pass(300)
  const laptop = world.as(back.body.access_token)
  t.equal((await laptop.post('/phone', { phone: '+12025550199' })).status, 403)
  const step = await other.post('/login', {
    username: 'alice',
    password: PASSWORD,
    device_token: back.body.device_token,
    step_up: true,
  })
  t.match(await other.verify(step.body.pending_token, wrongCode(world.lastCode())), { body: { attempts_left: 4 } })
  const strong = (await other.verify(step.body.pending_token, world.lastCode())).body
  await pass(60)
  const change = await world.as(strong.access_token).post('/phone', { phone: '+12025550199' })
  const changed = await other
    .as(strong.access_token)
    .post('/phone/verify', { pending_token: change.body.pending_token, code: world.lastCode() })
  t.equal(changed.status, 200)
  t.equal((await laptop.get('/me')).status, 401, 'the laptop is out')

  // 15:00, and another password; what was begun with the old one ends.
  const owner = world.as(changed.body.access_token)
  const renewed = await owner.post('/password', { current_password: PASSWORD, new_password: NEW_PASSWORD })
  t.equal(renewed.status, 200)
  t.equal((await world.refresh(changed.body.refresh_token)).status, 401)
  t.equal((await world.login('alice')).status, 401)

  // 16:00, somebody has copied a refresh token, and uses it after its owner.
  const copied = renewed.body.refresh_token
  const { body: owned } = await world.refresh(copied)
  await pass(HOUR / 2)
  t.equal((await other.refresh(copied)).status, 401)
  t.equal((await world.refresh(owned.refresh_token)).status, 401, 'both are out')

  // Evening: in again from the telephone; ten wrong codes lock the factor, and a quarter of an hour opens it.
  const phone = await world.post('/login', { username: 'alice', password: NEW_PASSWORD })
  t.equal(world.messages.at(-1)!.to, '+12025550199')
  const held = (await world.verify(phone.body.pending_token, world.lastCode())).body
  for (let wait = 30, wrong = 0; wrong < 10; wait *= 2) {
    await pass(wait)
    const { body } = await world.post('/login', { username: 'alice', password: NEW_PASSWORD })
    for (let guess = 0; guess < 5; guess += 1, wrong += 1) {
      await world.verify(body.pending_token, wrongCode(world.lastCode(), guess + 1))
    }
  }
  t.equal((await world.post('/login', { username: 'alice', password: NEW_PASSWORD })).status, 401, 'locked')
  t.equal((await world.refresh(held.refresh_token)).status, 200, 'but whoever is in stays in')
  await pass(901)
  const last = await world.post('/login', { username: 'alice', password: NEW_PASSWORD })
  const night = (await world.verify(last.body.pending_token, world.lastCode())).body

  // Until the day is over, and the session with it.
  let token = night.refresh_token
  for (let hours = 0; hours < 23; hours += 1) {
    await pass(HOUR - 5)
    token = (await world.refresh(token)).body.refresh_token
  }
  await pass(HOUR - 5)
  await pass(130)
  t.equal((await world.refresh(token)).status, 401)

  // A week later nothing of it is left but what is kept on purpose.
  await pass(9 * 24 * HOUR)
  const keeping = createHousekeeping(world.database)
  await keeping.prune({ challengeDays: 1, sessionDays: 7, ledgerDays: 90, auditDays: 90 })
  const count = async (table: string) => Number((await world.sql(`select count(*) from ${table}`))[0]!['count'])
  for (const table of ['challenges', 'sessions', 'refresh_tokens', 'idempotency_keys', 'registrations']) {
    t.equal(await count(table), 0, table)
  }
  t.ok((await count('sends')) >= 7)
  t.equal(await count('users'), 1)
  t.ok(clock.ahead > 10 * 24 * HOUR)
  t.match(await world.post('/login', { username: 'alice', password: NEW_PASSWORD }), { status: 200 })
})
