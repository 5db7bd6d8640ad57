import t from 'tap'
import { createHousekeeping } from '../../src/store/housekeeping/index.ts'
import { createWorld, PASSWORD, wrongCode } from '../support/app.ts'

const HOUR = 3_600
const NEW_PASSWORD = 'an older tale of four other words'
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())

t.test('one user goes through a day of logins and changes on two instances', async (t) => {
  const clock = { ahead: 0 }
  // Housekeeping deletes the challenges that the invariants count.
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

  // The morning: a refresh every ten minutes on alternating instances.
  let refreshToken = first.refresh_token
  for (let n = 0; n < 18; n += 1) {
    await pass(600)
    const { status, body } = await (n % 2 ? world : other).refresh(refreshToken)
    t.equal(status, 200, `refresh ${n + 1}`)
    refreshToken = body.refresh_token
  }
  t.equal(world.messages.length, 1, 'one message so far')

  // 11:00, lunch: two hours without a refresh end the session; the remembered laptop needs only the password.
  await pass(2 * HOUR)
  t.equal((await world.refresh(refreshToken)).status, 401)
  const back = await world.post('/login', { username: 'alice', password: PASSWORD, device_token: first.device_token })
  t.match(claimsOf(back.body.access_token), { acr: 'aal1', amr: ['pwd'] })

  // 13:05, a new number: refused with one factor and with a wrong code, allowed after a step-up.
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
  t.equal((await laptop.get('/me')).status, 401, 'the laptop session has ended')

  // 15:00, a new password ends the sessions of the old one.
  const owner = world.as(changed.body.access_token)
  const renewed = await owner.post('/password', { current_password: PASSWORD, new_password: NEW_PASSWORD })
  t.equal(renewed.status, 200)
  t.equal((await world.refresh(changed.body.refresh_token)).status, 401)
  t.equal((await world.login('alice')).status, 401)

  // 16:00, an attacker replays a copied refresh token after its owner.
  const copied = renewed.body.refresh_token
  const { body: owned } = await world.refresh(copied)
  await pass(HOUR / 2)
  t.equal((await other.refresh(copied)).status, 401)
  t.equal((await world.refresh(owned.refresh_token)).status, 401, 'both sessions have ended')

  // Evening: a login with a phone; ten wrong codes lock the factor for 15 minutes.
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
  t.equal((await world.refresh(held.refresh_token)).status, 200, 'open sessions continue')
  await pass(901)
  const last = await world.post('/login', { username: 'alice', password: NEW_PASSWORD })
  const night = (await world.verify(last.body.pending_token, world.lastCode())).body

  // Refreshes until the session expires after a day.
  let token = night.refresh_token
  for (let hours = 0; hours < 23; hours += 1) {
    await pass(HOUR - 5)
    token = (await world.refresh(token)).body.refresh_token
  }
  await pass(HOUR - 5)
  await pass(130)
  t.equal((await world.refresh(token)).status, 401)

  // A week later, only the retained rows are left.
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
