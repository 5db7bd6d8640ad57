import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { type DoorcodeOptions, startDoorcode } from '../../testing/index.ts'
import { bearer, claimsOf, database, databases, open, seconds, start } from '../support/doorcode.ts'
import { call } from '../support/server-process.ts'

t.test('works after the year 2038, and refuses to advance the clock by more than 30 years', async (t) => {
  const api = await start(t)
  const alice = await api.user()
  await api.clock.advance({ days: 366 * 20 })
  t.ok(claimsOf(await api.token(alice)).auth_time > 2 ** 31)
  await t.rejects(api.clock.advance({ days: 1e6 }), { message: 'clock.advance accepts at most 30 years in total.' })
  t.ok(claimsOf(await api.token(alice)).auth_time > 2 ** 31, 'the clock is unchanged')
})

t.test('stops an instance with a request in flight', async (t) => {
  const api = await start(t)
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  socket.write(
    'POST /login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
  )
  await once(socket, 'connect')
  await api.stop()
  await t.rejects(call(`${api.url}/health/live`), 'the port is closed')
})

t.test('advances the time of tokens, codes, sessions, locks, cooldowns and budgets', async (t) => {
  const api = await start(t, { RESEND_COOLDOWN: '30', SMS_BUDGET_MESSAGES: 'all=4' })
  const [alice, bob] = await Promise.all([api.user(), api.user()])
  // Starts the day anew, since all of this must happen within one budget day.
  await api.clock.advance({ seconds: 86_460 - (seconds(api.clock.now()) % 86_400) })
  const before = api.clock.now()

  const late = await open(api, alice)
  const { code } = await api.waitForCode(alice.phone)
  t.match(await open(api, alice), { status: 429, body: { code: 'resend_cooldown' } })
  await api.clock.advance({ minutes: 6 })
  t.match(await call(`${api.url}/verify`, { pending_token: late.body.pending_token, code }), {
    status: 401,
    body: { code: 'challenge_invalid' },
  })

  const grant = await api.login(alice)
  const claims = claimsOf(grant.access_token)
  t.ok(Math.abs(claims.iat - seconds(api.clock.now())) <= 5)
  t.ok(claims.iat - claims.auth_time <= 1, 'the login is fresh')
  const me = () => call(`${api.url}/me`, undefined, bearer(grant.access_token))
  t.equal((await me()).status, 200)
  const sessions = await call(`${api.url}/sessions`, undefined, bearer(grant.access_token))
  t.ok(Date.parse(sessions.body.sessions[0].created_at) >= before + 360_000)
  await api.clock.advance({ minutes: 9, seconds: 30 })
  t.equal((await me()).status, 200)
  await api.clock.advance({ seconds: 31 })
  t.equal((await me()).status, 401, 'the access token has expired')
  const refreshed = await call(`${api.url}/refresh`, { refresh_token: grant.refresh_token })
  t.equal(refreshed.status, 200)
  t.equal(claimsOf(refreshed.body.access_token).auth_time, claims.auth_time)
  await api.clock.advance({ hours: 1, seconds: 1 })
  t.equal((await call(`${api.url}/refresh`, { refresh_token: refreshed.body.refresh_token })).status, 401)

  const guessed = await open(api, bob)
  t.equal((await open(api, alice)).status, 200)
  await api.clock.advance({ minutes: 2 })
  t.match(
    await open(api, alice),
    { status: 503, body: { code: 'sms_unavailable' } },
    'the budget is four messages a day',
  )
  t.equal(guessed.status, 200)
  await api.clock.advance({ days: 1 })
  t.equal((await open(api, alice)).status, 200, 'the next day has its own budget')
  t.ok(api.clock.now() - before >= 86_400_000 + 3_600_000)
  const { sentAt } = (await api.messages(alice.phone)).at(-1)!
  t.ok(Math.abs(Date.parse(sentAt) - api.clock.now()) < 10_000)

  await t.rejects(api.clock.advance({ minutes: -1 }), /no negative numbers/)
  await t.rejects(api.clock.advance({ weeks: 1 } as never), /days, hours, minutes, seconds/)
})

t.test('runs several independent instances side by side, and leaves nothing behind', async (t) => {
  const [one, two] = await Promise.all([startDoorcode({ database }), startDoorcode({ database })])
  t.not(one.url, two.url)
  t.equal((await databases()).length, 2)
  const alice = await one.user({ username: 'alice' })
  await one.clock.advance({ days: 2 })
  t.equal((await open(two, alice)).status, 401, 'only the other instance knows the user')
  t.ok(two.clock.now() - Date.now() < 1_000)
  {
    await using again = one
    t.ok(await again.token(alice))
  }
  await one.stop()
  await t.rejects(fetch(one.url))
  await t.rejects(one.user(), /Doorcode is no longer running/)
  await two.stop()
  t.strictSame(await databases(), [])
})

t.test('starts with an embedded Postgres, without any dependency', async (t) => {
  await using api = await startDoorcode({ database: 'embedded' })
  const token = await api.token(await api.user())
  await api.clock.advance({ minutes: 11 })
  t.equal((await call(`${api.url}/me`, undefined, bearer(token))).status, 401)
})

t.test('reports a failed start with the service’s own message, and leaves nothing behind', async (t) => {
  const refuse = (options: DoorcodeOptions, message: RegExp) =>
    t.rejects(startDoorcode({ database, ...options }), { message })
  await refuse({ settings: { CODE_LENGTH: '99', ACCESS_TOKEN_TTL: '1' } }, /ACCESS_TOKEN_TTL .*\n.*CODE_LENGTH /s)
  await refuse({ settings: { HOST: '203.0.113.1' } }, /This machine has no address 203\.0\.113\.1/)
  await refuse({ database: 'postgres://nobody@127.0.0.1:1/none' }, /ECONNREFUSED/)
  await refuse(
    { settings: { DATABASE_URL: database } },
    /DATABASE_URL is reserved for the test kit. Use the option `database`/,
  )
  await refuse({ settings: { NODE_ENV: 'production' } }, /NODE_ENV must not be production/)
  t.strictSame(await databases(), [])
})
