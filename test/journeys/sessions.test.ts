import { createHash } from 'node:crypto'
import t from 'tap'
import { createWorld, PASSWORD } from '../support/app.ts'

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
const sessionsOf = (world: { sql: (text: string) => Promise<Record<string, unknown>[]> }) =>
  world.sql(`select session_id, revoked_at, revoked_for from sessions order by authenticated_at`)

/** Creates a world without cooldowns. */
const open = (t: Parameters<typeof createWorld>[0], options: Parameters<typeof createWorld>[1] = {}) =>
  createWorld(t, { resendCooldown: 0, ...options })

t.test('a login opens a session, and a refresh continues it', async (t) => {
  const world = await open(t)
  const userId = await world.addUser('alice')
  const first = await world.logIn('alice')
  t.match(first, { token_type: 'Bearer', expires_in: 600, refresh_expires_in: 3_600 })
  t.match(first.refresh_token, /^rt_[A-Za-z0-9_-]{43}$/, '256 bits')
  t.notOk(first.device_token)
  const before = claimsOf(first.access_token)

  await world.passTime(600)
  const { status, body } = await world.refresh(first.refresh_token)
  t.equal(status, 200)
  t.not(body.refresh_token, first.refresh_token)
  const after = claimsOf(body.access_token)
  t.match(after, { sub: userId, sid: before.sid, acr: 'aal2', amr: ['pwd', 'sms', 'mfa'] })
  t.not(after.jti, before.jti)
  t.equal(after.auth_time, before.auth_time)
  const [session] = await world.sql('select extract(epoch from now() - authenticated_at)::int as age from sessions')
  t.ok(Number(session?.['age']) >= 600, 'a refresh does not renew the login')
  t.equal((await world.as(body.access_token).get('/me')).status, 200)

  const [row] = await world.sql('select token_hash from refresh_tokens where used_at is null')
  t.strictSame(row!['token_hash'], createHash('sha256').update(body.refresh_token).digest(), 'only its hash is stored')
})

t.test('a repeated refresh returns the same successor from any instance until it is used', async (t) => {
  const world = await open(t)
  const other = await world.startInstance()
  await world.addUser('alice')
  const { refresh_token: first } = await world.logIn('alice')
  const second = (await world.refresh(first)).body.refresh_token
  t.equal((await other.refresh(first)).body.refresh_token, second)
  t.equal((await world.sql('select * from refresh_tokens')).length, 2, 'no third token')
  await world.passTime(4)
  t.equal((await other.refresh(first)).body.refresh_token, second)

  t.equal((await world.refresh(second)).status, 200)
  t.match(await world.refresh(first), { status: 401, body: { code: 'invalid_token' } }, 'its successor was used')
  t.match(await sessionsOf(world), [{ revoked_for: 'reuse' }])
})

t.test('ten parallel refreshes rotate once and return the same successor', async (t) => {
  const world = await open(t)
  const instances = [world, await world.startInstance()]
  await world.addUser('alice')
  for (let round = 0; round < 5; round += 1) {
    const { refresh_token: token } = await world.logIn('alice')
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => instances[n % 2]!.refresh(token)))
    t.strictSame([...new Set(answers.map(({ status }) => status))], [200])
    t.equal(new Set(answers.map(({ body }) => body.refresh_token)).size, 1)
    const [{ rotations } = {}] = await world.sql(
      `select count(*)::int as rotations from refresh_tokens t where generation = 1 and session_id =
        (select session_id from refresh_tokens where token_hash = $1)`,
      [createHash('sha256').update(token).digest()],
    )
    t.equal(rotations, 1)
  }
})

t.test('a late reuse of a token ends the session and reports an event', async (t) => {
  const world = await open(t)
  const userId = await world.addUser('alice')
  const { refresh_token: stolen } = await world.logIn('alice')
  const { body: successor } = await world.refresh(stolen)
  await world.passTime(121)
  t.match(await world.refresh(stolen), { status: 401, body: { code: 'invalid_token' } })
  t.equal((await world.refresh(successor.refresh_token)).status, 401, 'the successor is invalid')
  t.equal((await world.as(successor.access_token).get('/me')).status, 401, 'its access token is invalid')
  t.match(await world.sql(`select data from events where type = 'session.reused'`), [{ data: { user_id: userId } }])
  await world.audit.drain()
  t.match(await world.sql(`select user_id from audit_events where event = 'session_reused'`), [{ user_id: userId }])
  t.equal((await world.logIn('alice')).token_type, 'Bearer', 'the owner logs in again')
})

t.test('parallel reuse of a token and its successor ends the session', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const { refresh_token: first } = await world.logIn('alice')
  const { body } = await world.refresh(first)
  await world.passTime(121)
  const answers = await Promise.all([world.refresh(first), world.refresh(body.refresh_token), world.refresh(first)])
  t.equal((await world.sql('select * from sessions where revoked_at is null')).length, 0)
  const late = answers.find(({ status }) => status === 200)
  if (late)
    t.equal((await world.refresh(late.body.refresh_token)).status, 401, 'the token issued just before is invalid')
})

t.test('a session ends an hour after its last use and a day after its login', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const idle = await world.logIn('alice')
  await world.passTime(3_601)
  t.equal((await world.refresh(idle.refresh_token)).status, 401)

  let { refresh_token: token } = await world.logIn('alice')
  for (let hour = 1; hour < 24; hour += 1) {
    await world.passTime(3_590)
    const { status, body } = await world.refresh(token)
    t.equal(status, 200, `after ${hour} times 3,590 s`)
    token = body.refresh_token
    t.ok(body.refresh_expires_in <= 86_400 - hour * 3_590 + 1)
  }
  await world.passTime(3_590)
  t.ok((await world.sql('select 1 from sessions where expires_at < now() + interval $$10 min$$')).length > 0)
  await world.passTime(241)
  t.equal((await world.refresh(token)).status, 401, 'after a day')
})

t.test('a logout with either token ends only its own session', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const [one, two, three] = [await world.logIn('alice'), await world.logIn('alice'), await world.logIn('alice')]
  t.equal((await world.post('/logout', { refresh_token: one.refresh_token })).status, 204)
  t.equal((await world.refresh(one.refresh_token)).status, 401)
  t.equal((await world.as(one.access_token).get('/me')).status, 401)
  t.equal(
    (await world.post('/logout', { refresh_token: one.refresh_token })).status,
    204,
    'a second logout succeeds too',
  )
  t.equal(
    (await world.post('/logout', { refresh_token: `rt_${'A'.repeat(43)}` })).status,
    204,
    'an unknown token gets the same response',
  )

  t.equal((await world.as(two.access_token).post('/logout', {})).status, 204)
  t.equal((await world.refresh(two.refresh_token)).status, 401)
  t.equal((await world.post('/logout', {})).status, 401, 'a token is required')
  t.equal((await world.refresh(three.refresh_token)).status, 200)

  const four = await world.logIn('alice')
  const mixed = await world.send({
    method: 'POST',
    url: '/logout',
    headers: { authorization: `Bearer ${four.access_token}` },
    payload: { refresh_token: `rt_${'A'.repeat(43)}` },
  })
  t.equal(mixed.status, 204)
  t.equal(
    (await world.refresh(four.refresh_token)).status,
    401,
    'an unknown refresh token does not hide the access token',
  )

  const used = (await world.refresh((await world.logIn('alice')).refresh_token)).body
  await world.passTime(20)
  t.equal((await world.post('/logout', { refresh_token: used.refresh_token })).status, 204)
})

t.test('a user lists sessions and ends single ones or all others', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  await world.addUser('bob', '+12025550144')
  const phone = await world.logIn('alice', { device_name: 'Telephone in the kitchen' })
  const agent = await world.send({
    method: 'POST',
    url: '/verify',
    headers: { 'user-agent': `Browser/1 ${'x'.repeat(200)}` },
    payload: {
      pending_token: (await world.login('alice')).body.pending_token,
      code: world.lastCode(),
    },
  })
  const bob = await world.logIn('bob')
  const { sessions } = (await world.as(phone.access_token).get('/sessions')).body
  t.match(
    sessions.map(({ name, current, acr, by_device }: Record<string, unknown>) => ({ name, current, acr, by_device })),
    [
      { name: /^Browser\/1 x{54}$/, current: false, acr: 'aal2', by_device: false },
      { name: 'Telephone in the kitchen', current: true, acr: 'aal2', by_device: false },
    ],
  )
  for (const { address, created_at, last_used_at, expires_at } of sessions) {
    t.equal(address, '127.0.0.1')
    t.ok(Date.parse(created_at) <= Date.parse(last_used_at) && Date.parse(last_used_at) < Date.parse(expires_at))
  }

  const alice = world.as(phone.access_token)
  const theirs = claimsOf(bob.access_token).sid
  t.match(await alice.delete(`/sessions/${theirs}`), { status: 404 }, 'the session of another user')
  t.equal((await world.refresh(bob.refresh_token)).status, 200)
  t.match(await alice.delete('/sessions/x'), { status: 400 })
  t.equal((await alice.delete(`/sessions/${sessions[0].id}`)).status, 204)
  t.equal((await world.refresh(agent.body.refresh_token)).status, 401)
  t.match(await alice.delete(`/sessions/${sessions[0].id}`), { status: 404 }, 'it has already ended')

  const third = await world.logIn('alice')
  t.equal((await alice.delete('/sessions')).status, 204)
  t.equal((await world.refresh(third.refresh_token)).status, 401)
  t.equal((await alice.get('/sessions')).body.sessions.length, 1)
})

t.test('disabling a user ends all sessions at once', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const held = await world.logIn('alice')
  await world.users.setDisabled('alice', true)
  t.equal((await world.refresh(held.refresh_token)).status, 401)
  t.equal((await world.as(held.access_token).get('/me')).status, 401)
  await world.users.setDisabled('alice', false)
  t.equal((await world.refresh(held.refresh_token)).status, 401, 'enabling restores no session')
})

t.test('refuses each kind of token in place of another', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const held = await world.logIn('alice', { remember_device: true })
  const { pending_token: pending } = (await world.login('alice')).body
  for (const token of [held.refresh_token, held.device_token]) {
    t.match(await world.get('/me', token), { status: 401, body: { code: 'invalid_token' } })
    t.match(await world.verify(token, '123456'), { status: 401, body: { code: 'invalid_token' } })
    t.match(await world.get('/challenge', token), { status: 401, body: { code: 'invalid_token' } })
  }
  for (const token of [held.access_token, held.device_token, pending, 'rt_x', `${held.refresh_token}x`]) {
    t.match(await world.refresh(token), { status: 400 }, 'the wrong format for a refresh token')
    t.match(await world.post('/logout', { refresh_token: token }), { status: 400 })
  }
  t.equal((await world.refresh(held.refresh_token)).status, 200, 'the refresh token is still valid')
})

t.test('a step-up opens a session with new ids', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const before = claimsOf((await world.logIn('alice')).access_token)
  const after = claimsOf((await world.logIn('alice')).access_token)
  t.not(after.sid, before.sid)
  t.not(after.jti, before.jti)
})

t.test('a failed login opens no session and keeps the open one', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const held = await world.logIn('alice')
  const { body } = await world.login('alice')
  t.notOk(body.access_token ?? body.refresh_token ?? body.device_token, 'a pending response has no other token')
  t.equal((await world.verify(body.pending_token, '000000')).status, 401)
  t.equal((await world.login('alice', 'wrong password')).status, 401)
  t.equal((await sessionsOf(world)).length, 1)
  t.equal((await world.refresh(held.refresh_token)).status, 200)
})

t.test('a refresh works after the secret was rotated', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const { refresh_token: first } = await world.logIn('alice')
  const { deriveSecrets } = await import('../../src/keys/secrets.ts')
  const renewed = await world.startInstance({
    secrets: [{ ...deriveSecrets('another secret for this test, not the first'), from: 0 }],
  })
  t.equal((await renewed.refresh(first)).status, 200)
  t.match(await world.refresh(first), { status: 401 }, 'an instance without the new secret cannot repeat the response')
  t.equal((await world.logIn('alice', {}, PASSWORD)).token_type, 'Bearer')
})
