import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { createHousekeeping } from '../../src/store/housekeeping/index.ts'
import { createWorld, PASSWORD, type World, wrongCode } from '../support/app.ts'
import { digestTables } from '../support/table-digest.ts'

const PHONE = '+12025550161'
const NEW = 'an older tale of four other words'

const ask = (world: Pick<World, 'post'>, members: object = {}) =>
  world.post('/register', { username: 'Carol', password: NEW, phone: PHONE, ...members })

const invite = async (world: World, days = 1): Promise<string> => {
  const token = `inv_${randomBytes(32).toString('base64url')}`
  await world.sql(`insert into invites (invite_hash, expires_at) values ($1, now() + make_interval(days => $2))`, [
    createHash('sha256').update(token).digest(),
    days,
  ])
  return token
}

t.test('creates an account and a session from a name, a password and the code', async (t) => {
  const world = await createWorld(t)
  const { status, body } = await ask(world)
  t.match({ status, body }, { status: 200, body: { token_type: 'pending-2fa', delivery: { destination: /61$/ } } })
  t.equal(world.messages.at(-1)!.to, PHONE)

  t.match(await world.login('carol', NEW), { status: 401, body: { code: 'invalid_credentials' } }, 'no account yet')
  t.strictSame(await world.users.list(), [])
  const { access_token } = (await world.verify(body.pending_token, world.lastCode())).body
  t.match(await world.get('/me', access_token), { body: { username: 'Carol', phone: /61$/, factors: ['sms'] } })
  await world.passTime(30)
  t.equal((await world.logIn('ＣＡＲＯＬ', {}, NEW)).token_type, 'Bearer')
  t.equal((await world.sql('select * from registrations')).length, 0)
})

t.test('a registration ends after five wrong codes, and a resend has a cooldown', async (t) => {
  const world = await createWorld(t)
  const { body } = await ask(world)
  t.match(await world.verify(body.pending_token, wrongCode(world.lastCode())), {
    body: { code: 'invalid_code', attempts_left: 4 },
  })
  t.match(await world.resend(body.pending_token), { status: 429 })
  await world.passTime(30)
  t.equal((await world.resend(body.pending_token)).status, 200)
  const code = world.lastCode()
  for (let guess = 0; guess < 4; guess += 1) await world.verify(body.pending_token, wrongCode(code))
  t.match(await world.verify(body.pending_token, code), { body: { code: 'challenge_invalid' } })
  t.strictSame(await world.users.list(), [])
})

t.test('refuses a taken name in any spelling and does not reveal a taken number', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice', PHONE)
  for (const username of ['alice', ' Alice', 'ＡＬＩＣＥ']) {
    t.match(await ask(world, { username }), { status: 409, body: { code: 'username_taken' } }, username)
  }
  const taken = await ask(world)
  const free = await ask(world, { username: 'dave', phone: '+12025550162' })
  const shape = ({ status, body }: typeof taken) => ({
    status,
    members: Object.keys(body),
    delivery: Object.keys(body.delivery),
  })
  t.strictSame(shape(taken), shape(free))
  t.equal((await world.login('alice')).status, 200, 'the owner of the number still logs in')
})

t.test('one of twenty parallel registrations gets the name, and the others leave no rows', async (t) => {
  const world = await createWorld(t)
  const other = await world.startInstance()
  const asked = await Promise.all(
    Array.from({ length: 20 }, (_, n) => ask(n % 2 ? world : other, { phone: `+120255501${String(10 + n)}` })),
  )
  t.strictSame([...new Set(asked.map(({ status }) => status))], [200])
  const codeFor = (n: number) => world.messages.find(({ to }) => to === `+120255501${String(10 + n)}`)!.code
  const answers = await Promise.all(
    asked.map(({ body }, n) => (n % 2 ? other : world).verify(body.pending_token, codeFor(n))),
  )
  t.equal(answers.filter(({ status }) => status === 200).length, 1)
  t.equal(answers.filter(({ body }) => body.code === 'username_taken').length, 19)
  t.equal((await world.users.list()).length, 1)
  t.match(await ask(world), { status: 409 })

  await world.sql(`update registrations set created_at = now() - interval '2 hours'`)
  const keeping = createHousekeeping(world.database)
  await keeping.prune({ auditDays: 90, challengeDays: 1, sessionDays: 7, ledgerDays: 90 })
  t.equal((await world.sql('select * from users')).length, 1)
  t.equal((await world.sql('select * from factors')).length, 1)
})

t.test('refuses short and common passwords and those made of the name, with the reason', async (t) => {
  const world = await createWorld(t)
  const before = await digestTables(world.sql, ['audit_events'])
  for (const [password, reason] of [
    ['seven77', /shorter than 8/],
    ['😀😀😀😀😀😀😀', /shorter than 8/],
    ['password123', /most common/],
    ['Password123', /most common/],
    ['qwertyuiop', /most common/],
    ['aaaaaaaaaaaa', /repeats one or two characters/],
    ['Carol2026!', /user name/],
    ['carolcarol', /user name/],
    ['Example-1234', /this service/],
  ] as const) {
    const { status, body } = await ask(world, { password })
    t.match({ status, body }, { status: 422, body: { code: 'password_rejected', detail: reason } }, password)
  }
  t.match(await ask(world, { password: 'x'.repeat(257) }), { status: 400 })
  t.strictSame(await digestTables(world.sql, ['audit_events']), before)
  for (const [n, password] of ['eight ch', 'ünïcödé 😀', `${'wörter '.repeat(36)}ab`].entries()) {
    t.match(await ask(world, { username: `user${n}`, phone: `+1202555017${n}`, password }), { status: 200 }, password)
  }
})

t.test('refuses every registration if it is closed', async (t) => {
  const world = await createWorld(t, { app: { credentials: { registration: 'closed' } } })
  t.match(await ask(world), { status: 403, body: { code: 'forbidden', detail: /Registration is closed/ } })
  t.match(await ask(world, { phone: '+88216123456' }), { status: 403 })
  t.equal(world.messages.length, 0)
})

t.test('an invite allows one account until it expires', async (t) => {
  const world = await createWorld(t, { app: { credentials: { registration: 'invite' } } })
  t.match(await ask(world), { status: 403 }, 'no invite')
  t.match(await ask(world, { invite: `inv_${'A'.repeat(43)}` }), { status: 403 }, 'guessed')
  t.match(await ask(world, { invite: await invite(world, -1) }), { status: 403 }, 'expired')
  t.equal(world.messages.length, 0)

  const good = await invite(world)
  const first = await ask(world, { invite: good })
  const second = await ask(world, { invite: good, username: 'dave', phone: '+12025550162' })
  t.match([first.status, second.status], [200, 200], 'a request does not use the invite up')
  await ask(world, { invite: good, username: 'fay', phone: '+12025550164' })
  t.match(
    await ask(world, { invite: good, username: 'gus', phone: '+12025550165' }),
    { status: 403 },
    'at most three requests for one invite',
  )
  const [one, two] = world.messages.map(({ code }) => code)
  const answers = await Promise.all([
    world.verify(first.body.pending_token, one!),
    world.verify(second.body.pending_token, two!),
  ])
  t.strictSame(answers.map(({ status }) => status).sort(), [200, 403])
  t.equal((await world.users.list()).length, 1)
  t.match(await ask(world, { invite: good, username: 'erin', phone: '+12025550163' }), { status: 403 }, 'used')
})

t.test('refuses numbers that receive no codes, invisible names and unknown members', async (t) => {
  const world = await createWorld(t, { countries: ['US'] })
  for (const phone of [
    '+19005550123',
    '+447012345678',
    '+870773111632',
    '+88216123456',
    '+18005550123',
    '+18765550123',
  ]) {
    t.match(await ask(world, { phone }), { status: 422, body: { code: 'destination_not_allowed' } }, phone)
  }
  for (const phone of ['12025550161', '202 555 0161', '+1 202 555 0161 x1', '+12025550161;ext=1', '0012025550161']) {
    t.match(await ask(world, { phone }), { status: 400 }, phone)
  }
  for (const username of ['\u200b', 'admin\u200b', '\u202enimda', '\u3164', ' ']) {
    t.match(
      await ask(world, { username }),
      { status: 400, body: { errors: [{ path: '/username' }] } },
      JSON.stringify(username),
    )
  }
  for (const member of ['user_id', 'auth_epoch', 'role', 'phone_verified', 'failures']) {
    t.match(await ask(world, { [member]: 1 }), { status: 400 }, member)
  }
  t.equal((await world.sql('select * from users')).length, 0)
  t.equal(world.messages.length, 0)
})

t.test('a repeated call with the same Idempotency-Key sends no second message', async (t) => {
  const world = await createWorld(t)
  const headers = { 'idempotency-key': 'a-key-of-this-very-test-1' }
  const payload = { username: 'carol', password: NEW, phone: PHONE }
  const first = await world.post('/register', payload, headers)
  // The first call is in progress until its outcome is written.
  await world.ledger.drain()
  const again = await (await world.startInstance()).post('/register', payload, headers)
  t.equal(again.body.pending_token, first.body.pending_token)
  t.equal(world.messages.length, 1)
  t.equal((await world.verify(again.body.pending_token, world.lastCode())).status, 200)
  const deadline = Date.now() + 5_000
  while ((await world.sql('select 1 from users')).length > 1 && Date.now() < deadline)
    await new Promise((r) => setTimeout(r, 20))
  t.equal((await world.sql('select 1 from users')).length, 1, 'the repeated call left no row')
})

t.test('a code for a registration does not verify a login, and the other way round', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  const { body: login } = await world.login('alice')
  const loginCode = world.lastCode()
  const { body: registration } = await ask(world)
  t.match(await world.verify(registration.pending_token, loginCode), { body: { code: 'invalid_code' } })
  t.match(await world.verify(login.pending_token, world.lastCode()), { body: { code: 'invalid_code' } })
})

t.test('leaves no rows if no provider accepts the message', async (t) => {
  const world = await createWorld(t, {
    provider: { name: 'test', send: async () => ({ outcome: 'failed', reason: 'down' }) },
  })
  t.match(await ask(world), { status: 503, body: { code: 'sms_unavailable' } })
  const deadline = Date.now() + 5_000
  while ((await world.sql('select 1 from users')).length > 0 && Date.now() < deadline)
    await new Promise((r) => setTimeout(r, 20))
  t.equal((await world.sql('select 1 from users')).length, 0)
  t.equal((await world.login('alice', PASSWORD)).status, 401)
})
