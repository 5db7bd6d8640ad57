import t from 'tap'
import { createWorld, PASSWORD } from '../support/app.ts'

const ORIGIN = 'https://app.example.com'
const json = { 'content-type': 'application/json' }

/** Returns the Set-Cookie headers of a response. */
const cookiesOf = (headers: Record<string, unknown>): string[] => [headers['set-cookie'] ?? []].flat() as string[]
const cookieValue = (cookies: string[], kind: string) =>
  new RegExp(`^__Host-doorcode-${kind}=([^;]*)`).exec(cookies.find((one) => one.includes(`-${kind}=`)) ?? '')?.[1]

const open = (t: Parameters<typeof createWorld>[0]) =>
  createWorld(t, { resendCooldown: 0, app: { http: { refreshCookie: true, corsOrigins: [ORIGIN] } } })

t.test('keeps long-lived tokens in HttpOnly cookies that other sites cannot send', async (t) => {
  const world = await open(t)
  await world.addUser('alice')
  const { body: pending, headers: pendingHeaders } = await world.login('alice')
  t.strictSame(cookiesOf(pendingHeaders), [], 'no cookie is set before the code')
  const { headers, body } = await world.post('/verify', {
    pending_token: pending.pending_token,
    code: world.lastCode(),
    remember_device: true,
  })
  t.notOk(body.refresh_token ?? body.device_token, 'the body contains neither token')
  t.match(body, { refresh_expires_in: 3_600, device_expires_in: 2_592_000 })
  const cookies = cookiesOf(headers)
  t.equal(cookies.length, 2)
  for (const cookie of cookies) {
    for (const attribute of ['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/', 'Max-Age=']) t.match(cookie, attribute)
    t.notMatch(cookie, /Domain=/i, 'the prefix __Host- forbids a Domain')
  }

  const refresh = (cookie: string, payload: object = {}) =>
    world.send({ method: 'POST', url: '/refresh', payload, headers: { ...json, cookie } })
  const first = `__Host-doorcode-refresh=${cookieValue(cookies, 'refresh')}`
  const renewed = await refresh(first)
  t.equal(renewed.status, 200)
  const second = cookieValue(cookiesOf(renewed.headers), 'refresh')!
  t.not(second, cookieValue(cookies, 'refresh'))

  const other = (await world.logIn('alice')).access_token
  t.ok(other)
  const both = await refresh(`__Host-doorcode-refresh=${second}`, { refresh_token: `rt_${'A'.repeat(43)}` })
  t.match(both, { status: 400, body: { code: 'validation_failed', errors: [{ path: '/refresh_token' }] } })
  t.equal((await refresh('__Host-doorcode-refresh=rubbish')).status, 401)
  t.equal((await refresh('')).status, 401)

  const device = `__Host-doorcode-device=${cookieValue(cookies, 'device')}`
  const login = await world.send({
    method: 'POST',
    url: '/login',
    payload: { username: 'alice', password: PASSWORD },
    headers: { ...json, cookie: device },
  })
  t.match(login, { status: 200, body: { token_type: 'Bearer' } })
  t.not(cookieValue(cookiesOf(login.headers), 'device'), cookieValue(cookies, 'device'))

  const out = await world.send({
    method: 'POST',
    url: '/logout',
    payload: {},
    headers: { ...json, cookie: `__Host-doorcode-refresh=${second}` },
  })
  t.equal(out.status, 204)
  t.match(
    cookiesOf(out.headers)[0],
    /^__Host-doorcode-refresh=;.*Expires=Thu, 01 Jan 1970/,
    'the logout deletes the cookie',
  )
  t.equal((await refresh(`__Host-doorcode-refresh=${second}`)).status, 401)
})

t.test('accepts cookies only from the listed origins, and only with JSON', async (t) => {
  const world = await open(t)
  const preflight = (origin: string) =>
    world.app.inject({
      method: 'OPTIONS',
      url: '/refresh',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    })
  const good = await preflight(ORIGIN)
  t.match(good.headers, { 'access-control-allow-origin': ORIGIN, 'access-control-allow-credentials': 'true' })
  for (const origin of ['https://evil.example.com', 'null', `${ORIGIN}.evil`, 'http://app.example.com']) {
    t.notOk((await preflight(origin)).headers['access-control-allow-origin'], origin)
  }
  // A form of another site can send only these types without a preflight.
  for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
    const headers = { 'content-type': type, cookie: '__Host-doorcode-refresh=x' }
    t.equal((await world.send({ method: 'POST', url: '/refresh', payload: '{}', headers })).status, 415)
  }
})

t.test('neither sets nor reads cookies outside cookie mode', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0 })
  await world.addUser('alice')
  const { refresh_token } = await world.logIn('alice')
  const headers = { ...json, cookie: `__Host-doorcode-refresh=${refresh_token}` }
  t.equal((await world.send({ method: 'POST', url: '/refresh', payload: {}, headers })).status, 401)
})
