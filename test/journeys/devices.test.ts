import t from 'tap'
import { createWorld, PASSWORD, type World } from '../support/app.ts'

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())

const open = (t: Parameters<typeof createWorld>[0], options: Parameters<typeof createWorld>[1] = {}) =>
  createWorld(t, { resendCooldown: 0, ...options })

/** Logs in with the password and a device token. */
const logInWithDevice = (world: Pick<World, 'post'>, device_token: string, members: object = {}) =>
  world.post('/login', { username: 'alice', password: PASSWORD, device_token, ...members })

t.test('a remembered device replaces the code, and the token has acr aal1', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const held = await world.logIn('alice', { remember_device: true, device_name: 'Laptop' })
  t.match(held.device_token, /^dt_[A-Za-z0-9_-]{43}$/)
  t.equal(held.device_expires_in, 2_592_000)
  const sent = world.messages.length

  const { status, body } = await logInWithDevice(world, held.device_token)
  t.equal(status, 200)
  t.match(claimsOf(body.access_token), { acr: 'aal1', amr: ['pwd'] })
  t.notOk(claimsOf(body.access_token).amr.includes('sms'))
  t.not(body.device_token, held.device_token, 'the device token is rotated')
  t.equal(world.messages.length, sent, 'no message was sent')
  t.equal((await world.as(body.access_token).get('/me')).status, 200)
  const renewed = await world.refresh(body.refresh_token)
  t.match(claimsOf(renewed.body.access_token), { acr: 'aal1', amr: ['pwd'] }, 'a refresh does not raise it')

  const { devices } = (await world.as(held.access_token).get('/devices')).body
  t.match(devices, [{ name: 'Laptop', address: '127.0.0.1' }])
  t.match((await world.as(held.access_token).get('/sessions')).body.sessions, [
    { by_device: true },
    { by_device: false },
  ])
})

t.test('a device token does not replace the password and does not reveal it', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const { device_token } = await world.logIn('alice', { remember_device: true })
  t.match(await world.post('/login', { username: 'alice', password: 'wrong password', device_token }), {
    status: 401,
    body: { code: 'invalid_credentials' },
  })
  t.match(
    await logInWithDevice(world, device_token),
    { status: 200, body: { token_type: 'Bearer' } },
    'the device token is still valid',
  )
})

t.test('sends a code for a guessed, foreign, expired or deleted device token', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  await world.addUser('bob', '+12025550144')
  const asksForCode = async (token: string, why: string) =>
    t.match(await logInWithDevice(world, token), { status: 200, body: { token_type: 'pending-2fa' } }, why)

  await asksForCode(`dt_${'A'.repeat(43)}`, 'guessed')
  const bob = await world.logIn('bob', { remember_device: true })
  await asksForCode(bob.device_token, 'the token of bob')
  t.equal(
    (await world.post('/login', { username: 'bob', password: PASSWORD, device_token: bob.device_token })).body
      .token_type,
    'Bearer',
    'still valid for bob',
  )

  const old = await world.logIn('alice', { remember_device: true })
  await world.passTime(2_592_001)
  await asksForCode(old.device_token, 'after thirty days')

  const gone = await world.logIn('alice', { remember_device: true })
  const alice = world.as(gone.access_token)
  const { devices } = (await alice.get('/devices')).body
  t.equal((await alice.delete(`/devices/${devices[0].id}`)).status, 204)
  t.equal((await alice.delete(`/devices/${devices[0].id}`)).status, 404)
  await asksForCode(gone.device_token, 'after its deletion')
  t.equal((await world.as((await world.logIn('bob')).access_token).delete(`/devices/${devices[0].id}`)).status, 404)
})

t.test('a retry returns the same device token, and a late copy ends the device', async (t) => {
  const world = await open(t)
  const userId = await world.addUser('alice')
  const { device_token: first } = await world.logIn('alice', { remember_device: true })
  const answers = await Promise.all(Array.from({ length: 6 }, () => logInWithDevice(world, first)))
  t.equal(new Set(answers.map(({ body }) => body.device_token)).size, 1, 'in parallel')
  const second = answers[0]!.body.device_token
  await world.passTime(121)
  t.match(
    await logInWithDevice(world, first),
    { status: 200, body: { token_type: 'pending-2fa' } },
    'a late use counts as a copy',
  )
  t.match(
    await logInWithDevice(world, second),
    { status: 200, body: { token_type: 'pending-2fa' } },
    'the device is no longer remembered',
  )
  t.match(await world.sql(`select data from events where type = 'device.reused'`), [{ data: { user_id: userId } }])
  for (const { body } of answers) {
    t.equal((await world.as(body.access_token).get('/me')).status, 401, 'its sessions have ended')
    t.equal((await world.refresh(body.refresh_token)).status, 401)
  }
})

t.test('deleting devices ends only the sessions that they opened', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const held = await world.logIn('alice', { remember_device: true })
  const { body: byDevice } = await logInWithDevice(world, held.device_token)
  t.equal((await world.as(held.access_token).delete('/devices')).status, 204)
  t.equal((await world.refresh(byDevice.refresh_token)).status, 401)
  t.equal((await world.refresh(held.refresh_token)).status, 200)
  t.strictSame((await world.as(held.access_token).get('/devices')).body, { devices: [] })
})

t.test('account changes require both factors within ten minutes', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const held = await world.logIn('alice', { remember_device: true })
  const { body: byDevice } = await logInWithDevice(world, held.device_token)
  const changes = [
    ['/password', { current_password: PASSWORD, new_password: 'an older tale of four words' }],
    ['/phone', { phone: '+12025550199' }],
    ['/phone/verify', { pending_token: 'x', code: '123456' }],
  ] as const
  for (const [url, payload] of changes) {
    const answer = await world.as(byDevice.access_token).post(url, payload)
    t.match(answer, { status: 403, body: { code: 'forbidden' } }, url)
    t.match(answer.headers['www-authenticate'], /insufficient_user_authentication.*acr_values="aal2"/)
  }
  await world.passTime(601)
  for (const [url, payload] of changes) {
    t.match(await world.as(held.access_token).post(url, payload), { status: 403 }, `${url}, ten minutes later`)
  }
  t.equal((await world.sql(`select 1 from users where auth_epoch > 0`)).length, 0, 'nothing was changed')

  const pending = await logInWithDevice(world, byDevice.device_token, { step_up: true })
  t.equal(pending.body.token_type, 'pending-2fa', 'step-up requires the code from a remembered device')
  const fresh = (await world.verify(pending.body.pending_token, world.lastCode())).body
  t.match(claimsOf(fresh.access_token), { acr: 'aal2' })
  t.equal((await world.as(fresh.access_token).post(...changes[0])).status, 200)
})

t.test('refuses remembered devices while the factor is locked or disabled', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const { device_token } = await world.logIn('alice', { remember_device: true })
  await world.sql(`update factors set locked_until = now() + interval '1 hour'`)
  t.match(await logInWithDevice(world, device_token), { status: 401, body: { code: 'invalid_credentials' } })
  await world.sql(`update factors set locked_until = null, disabled_at = now()`)
  t.match(await logInWithDevice(world, device_token), { status: 401, body: { code: 'invalid_credentials' } })
})

t.test('deleting a device during its login leaves no open session', async (t) => {
  const world = await open(t)
  const other = await world.startInstance()
  await world.addUser('alice')
  for (let round = 0; round < 15; round += 1) {
    const held = await world.logIn('alice', { remember_device: true })
    const [login, forgotten] = await Promise.all([
      logInWithDevice(world, held.device_token),
      other.as(held.access_token).delete('/devices'),
    ])
    t.equal(forgotten.status, 204)
    const left = (await world.as(held.access_token).get('/devices')).body.devices.length
    if (login.body.refresh_token && left === 0) t.equal((await world.refresh(login.body.refresh_token)).status, 401)
  }
})
