import t from 'tap'
import { createWorld, PASSWORD, wrongCode } from '../support/app.ts'
import { digestTables } from '../support/table-digest.ts'

const NEW = 'an older tale of four other words'
const NEW_PHONE = '+12025550199'
const open = (t: Parameters<typeof createWorld>[0], options: Parameters<typeof createWorld>[1] = {}) =>
  createWorld(t, { resendCooldown: 0, ...options })

t.test('a new password ends all sessions, devices and challenges of the old one', async (t) => {
  const world = await open(t)
  const userId = await world.addUser('alice')
  const elsewhere = await world.logIn('alice', { remember_device: true })
  const held = await world.logIn('alice')
  const { body: waiting } = await world.login('alice')
  const waitingCode = world.lastCode()

  const alice = world.as(held.access_token)
  const { status, body } = await alice.post('/password', { current_password: PASSWORD, new_password: NEW })
  t.match({ status, body }, { status: 200, body: { token_type: 'Bearer', refresh_token: /^rt_/ } })
  for (const [what, answer] of [
    ['the session of the change', world.refresh(held.refresh_token)],
    ['another session', world.refresh(elsewhere.refresh_token)],
    ['its access token', world.as(elsewhere.access_token).get('/me')],
    ['an open challenge', world.verify(waiting.pending_token, waitingCode)],
    ['the old password', world.login('alice')],
  ] as const) {
    t.equal((await answer).status, 401, what)
  }
  t.match(
    await world.post('/login', { username: 'alice', password: NEW, device_token: elsewhere.device_token }),
    { status: 200, body: { token_type: 'pending-2fa' } },
    'the device is no longer remembered',
  )
  t.equal((await world.as(body.access_token).get('/me')).status, 200)
  t.equal((await world.refresh(body.refresh_token)).status, 200)
  t.match(await world.sql(`select data from events where type = 'password.changed'`), [{ data: { user_id: userId } }])
})

t.test('requires the old password and limits attempts as at login', async (t) => {
  const { PASSWORD_RULES } = await import('../../src/core/limits.ts')
  const world = await open(t, { passwordRules: { ...PASSWORD_RULES, delayFrom: 1_000 } })
  await world.addUser('alice')
  const { access_token } = await world.logIn('alice')
  const others = ['audit_events', 'password_attempts']
  await world.ledger.drain()
  const before = await digestTables(world.sql, others)
  const change = (current_password: string) =>
    world.as(access_token).post('/password', { current_password, new_password: NEW })
  for (let guess = 0; guess < 10; guess += 1) {
    t.match(await change(`wrong ${guess}`), { status: 401, body: { code: 'invalid_credentials' } })
  }
  t.match(await change(PASSWORD), { status: 429, body: { code: 'rate_limited' } })
  t.strictSame(await digestTables(world.sql, others), before)
  await world.passTime(901)
  t.match(await change(PASSWORD), { status: 403 }, 'the login is no longer fresh')
})

t.test('makes one of three parallel changes', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const { access_token } = await world.logIn('alice')
  const answers = await Promise.all(
    ['first', 'second', 'third'].map((word) =>
      world
        .as(access_token)
        .post('/password', { current_password: PASSWORD, new_password: `the ${word} of three words` }),
    ),
  )
  t.equal(answers.filter(({ status }) => status === 200).length, 1, answers.map(({ status }) => status).join())
  t.match(await world.sql('select auth_epoch from users'), [{ auth_epoch: 1 }])
})

t.test('refuses a common new password', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const { access_token } = await world.logIn('alice')
  const answer = await world
    .as(access_token)
    .post('/password', { current_password: PASSWORD, new_password: 'password1' })
  t.match(answer, { status: 422, body: { code: 'password_rejected', detail: /most common/ } })
})

t.test('changes the number only after the code sent to the new number', async (t) => {
  const world = await open(t)
  const userId = await world.addUser('alice')
  const held = await world.logIn('alice', { remember_device: true })
  const alice = world.as(held.access_token)
  const { status, body } = await alice.post('/phone', { phone: NEW_PHONE })
  t.match({ status, body }, { status: 200, body: { delivery: { destination: /99$/ } } })
  t.equal(world.messages.at(-1)!.to, NEW_PHONE)
  const code = world.lastCode()

  const wrong = await alice.post('/phone/verify', { pending_token: body.pending_token, code: wrongCode(code) })
  t.match(wrong, { status: 401, body: { code: 'invalid_code', attempts_left: 4 } })
  t.match(await world.sql('select failures, phone from factors'), [{ failures: 1, phone: '+12025550143' }])
  t.match(await alice.get('/me'), { body: { phone: /43$/ } })

  const changed = await alice.post('/phone/verify', { pending_token: body.pending_token, code })
  t.match(changed, { status: 200, body: { token_type: 'Bearer' } })
  t.match(await world.as(changed.body.access_token).get('/me'), { body: { phone: /99$/ } })
  for (const dead of [world.refresh(held.refresh_token), alice.get('/me')]) t.equal((await dead).status, 401)
  const { body: next } = await world.post('/login', {
    username: 'alice',
    password: PASSWORD,
    device_token: held.device_token,
  })
  t.equal(next.token_type, 'pending-2fa', 'no device is remembered')
  t.equal(world.messages.at(-1)!.to, NEW_PHONE)

  const notice = world.messages.find(({ text }) => text.includes('another number'))
  t.match(notice, { to: '+12025550143', code: '' }, 'a notice to the old number')
  t.match(await world.sql(`select data from events where type = 'phone.changed'`), [{ data: { user_id: userId } }])
})

t.test('only the session that requested a new number confirms it, and a code has one purpose', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  await world.addUser('bob', '+12025550144')
  const bob = world.as((await world.logIn('bob')).access_token)
  const alice = world.as((await world.logIn('alice')).access_token)
  const { pending_token } = (await alice.post('/phone', { phone: NEW_PHONE })).body
  const code = world.lastCode()
  t.match(await world.verify(pending_token, code), { status: 401, body: { code: 'invalid_token' } }, 'not at /verify')
  t.match(await bob.post('/phone/verify', { pending_token, code }), { status: 401, body: { code: 'invalid_token' } })
  t.match(await world.post('/phone/verify', { pending_token, code }), { status: 401 }, 'not without a session')
  t.match(
    await world.sql(`select attempts from challenges where purpose = 'phone'`),
    [{ attempts: 0 }],
    'no attempt was counted',
  )

  const { body: login } = await world.login('alice')
  t.match(await alice.post('/phone/verify', { pending_token: login.pending_token, code: world.lastCode() }), {
    status: 401,
    body: { code: 'invalid_token' },
  })
  t.match(
    await alice.post('/phone/verify', { pending_token, code }),
    { body: { code: 'challenge_invalid' } },
    'superseded',
  )
  t.match(await world.sql(`select phone from factors order by phone`), [
    { phone: '+12025550143' },
    { phone: '+12025550144' },
  ])
})

t.test('the store refuses a change without a valid session', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const held = await world.logIn('alice')
  const alice = world.as(held.access_token)
  const { pending_token } = (await alice.post('/phone', { phone: NEW_PHONE })).body
  const code = world.lastCode()
  // Ends the session, as between the check of the route and the statement.
  await world.sql(`update sessions set revoked_at = now()`)
  const { createChallengeStore } = await import('../../src/store/challenges/index.ts')
  const { limitsFor } = await import('../../src/core/limits.ts')
  const { NO_RULES, newSession } = await import('../contracts/challenge-store.ts')
  const store = createChallengeStore(world.database, limitsFor({ resendCooldown: 0 }), NO_RULES)
  const [row] = await world.sql(`select challenge_id, user_id, code_hash from challenges where purpose = 'phone'`)
  const guess = (bySession?: string) =>
    store.guess({
      challengeId: String(row!['challenge_id']),
      userId: String(row!['user_id']),
      purpose: 'phone',
      factor: 'sms',
      proof: { hash: row!['code_hash'] as Buffer },
      ...newSession(),
      ...(bySession && { bySession }),
    })
  const { sid } = JSON.parse(Buffer.from(held.access_token.split('.')[1], 'base64url').toString())
  t.match(await guess(sid), { outcome: 'gone' }, 'a revoked session')
  t.match(await guess(), { outcome: 'gone' }, 'no session')
  t.match(await alice.post('/phone/verify', { pending_token, code }), { status: 401 })
  t.match(await world.sql('select phone from factors'), [{ phone: '+12025550143' }])
})

t.test('of two parallel number changes one is open, and its code proves only its own number', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const alice = world.as((await world.logIn('alice')).access_token)
  const numbers = ['+12025550171', '+12025550172']
  const asked = await Promise.all(numbers.map((phone) => alice.post('/phone', { phone })))
  const codeFor = (phone: string) => world.messages.findLast(({ to }) => to === phone)!.code
  const changed = []
  for (const [n, { status, body }] of asked.entries()) {
    // The second request may be refused by the cooldown.
    if (status !== 200) continue
    const answer = await alice.post('/phone/verify', { pending_token: body.pending_token, code: codeFor(numbers[n]!) })
    if (answer.status === 200) changed.push(numbers[n])
  }
  t.equal(changed.length, 1)
  t.match(await world.sql('select phone from factors'), [{ phone: changed[0] }])
})

t.test('a change to the number of another user looks like any other and does not affect that user', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  await world.addUser('victor', NEW_PHONE)
  const alice = world.as((await world.logIn('alice')).access_token)
  const taken = await alice.post('/phone', { phone: NEW_PHONE })
  t.match(taken, { status: 200, body: { token_type: 'pending-2fa' } })
  t.equal((await world.logIn('victor')).token_type, 'Bearer')
})

t.test('refuses numbers that receive no codes and applies the cooldown to every number', async (t) => {
  const world = await createWorld(t, { countries: ['US'] })
  await world.addUser('alice')
  const alice = world.as((await world.logIn('alice')).access_token)
  t.match(await alice.post('/phone', { phone: NEW_PHONE }), { status: 429, body: { code: 'resend_cooldown' } })
  await world.passTime(30)
  for (const phone of ['+19005550123', '+18765550123', '+88216123456']) {
    t.match(await alice.post('/phone', { phone }), { status: 422, body: { code: 'destination_not_allowed' } }, phone)
  }
  t.match(await alice.post('/phone', { phone: '202 555 0199' }), { status: 400 })
  t.equal(world.messages.length, 1)
})

t.test('a password reset returns the operator’s message for known and unknown names', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const known = await world.post('/password/reset', { username: 'alice' })
  const unknown = await world.post('/password/reset', { username: 'nobody' })
  t.strictSame([known.status, known.body], [200, { self_service: false, help: 'Ask us.' }])
  t.strictSame([unknown.status, unknown.body], [known.status, known.body])
  t.equal(world.messages.length, 0)
})

t.test('a change does not renew the freshness or the lifetime of the login', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const held = await world.logIn('alice')
  await world.passTime(500)
  const same = await world
    .as(held.access_token)
    .post('/password', { current_password: PASSWORD, new_password: PASSWORD })
  t.match(same, { status: 422, body: { code: 'password_rejected', detail: /must differ from the current one/ } })
  const changed = await world.as(held.access_token).post('/password', { current_password: PASSWORD, new_password: NEW })
  t.equal(changed.status, 200)
  await world.passTime(101)
  t.match(await world.as(changed.body.access_token).post('/phone', { phone: NEW_PHONE }), { status: 403 })

  const again = await world.logIn('alice', {}, NEW)
  await world.passTime(500)
  const { body } = await world.as(again.access_token).post('/phone', { phone: NEW_PHONE })
  const moved = await world
    .as(again.access_token)
    .post('/phone/verify', { pending_token: body.pending_token, code: world.lastCode() })
  await world.passTime(101)
  t.match(await world.as(moved.body.access_token).post('/phone', { phone: '+12025550143' }), { status: 403 })
  const [{ left } = {}] = await world.sql(
    `select extract(epoch from max(expires_at) - now())::int as left from sessions where revoked_at is null`,
  )
  t.ok(Number(left) <= 86_400 - 600, 'the lifetime started with the login')
})

t.test('changes the password with a fresh session while the factor is locked', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const { access_token } = await world.logIn('alice')
  await world.sql(`update factors set locked_until = now() + interval '1 hour'`)
  const change = await world.as(access_token).post('/password', { current_password: PASSWORD, new_password: NEW })
  t.equal(change.status, 200)
})

t.test('a change that waits for a lock sees a logout before it', async (t) => {
  const world = await open(t)
  const pg = (await import('pg')).default
  for (const what of ['/password', '/phone', '/phone/verify'] as const) {
    const name = `user${what.length}`
    await world.addUser(name, `+120255501${40 + what.length}`)
    const held = await world.logIn(name)
    const alice = world.as(held.access_token)
    const pending =
      what === '/phone/verify' ? (await alice.post('/phone', { phone: NEW_PHONE })).body.pending_token : ''
    const sent = world.messages.length
    const blocker = new pg.Client({ connectionString: world.url })
    await blocker.connect()
    await blocker.query('begin')
    await blocker.query(`select 1 from users where username = $1 for update`, [name])
    const waiting = alice.post(
      what,
      {
        '/password': { current_password: PASSWORD, new_password: NEW },
        '/phone': { phone: NEW_PHONE },
        '/phone/verify': { pending_token: pending, code: world.lastCode() },
      }[what],
    )
    await new Promise((resolve) => setTimeout(resolve, 400))
    t.equal((await world.post('/logout', { refresh_token: held.refresh_token })).status, 204)
    await blocker.query('commit')
    await blocker.end()
    t.match((await waiting).status, /40[13]/, what)
    t.equal(world.messages.length, sent, 'nothing was sent')
  }
  t.equal((await world.sql('select 1 from users where auth_epoch > 0')).length, 0)
})

t.test('a challenge for a new number ends with the session that requested it', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const held = await world.logIn('alice')
  const { pending_token } = (await world.as(held.access_token).post('/phone', { phone: NEW_PHONE })).body
  await world.post('/logout', { refresh_token: held.refresh_token })
  const sent = world.messages.length
  t.match(await world.resend(pending_token), { status: 401, body: { code: 'challenge_invalid' } })
  t.match(await world.get('/challenge', pending_token), { body: { state: 'closed' } })
  t.equal(world.messages.length, sent)
})
