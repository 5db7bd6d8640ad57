import { setTimeout as sleep } from 'node:timers/promises'
import type { InjectOptions } from 'fastify'
import t from 'tap'
import { ADDRESS_LIMITS } from '../../src/http/rate-limit.ts'
import { type Answer, createWorld, PASSWORD, type TestProvider, type World, type WorldOptions } from '../support/app.ts'

const PROXY = '10.0.0.1'
const CLIENT = '198.51.100.7'

/** Returns the logged address of the request for this response. */
const loggedAddress = async (world: World, { headers }: Answer): Promise<unknown> => {
  // The log line is written after the response.
  for (let tries = 1; tries <= 100; tries += 1) {
    for (const line of world.logged.toReversed()) {
      const { event, request_id: requestId, address } = JSON.parse(line)
      if (event === 'request' && requestId === headers['x-request-id']) return address
    }
    await sleep(5)
  }
  return undefined
}

const behindProxy: WorldOptions = { app: { http: { rateLimit: true, trustProxy: ['10.0.0.0/8'] } } }

t.test('ignores address headers of clients that are not trusted proxies', async (t) => {
  const world = await createWorld(t, behindProxy)
  let left: number = ADDRESS_LIMITS.login
  for (const headers of [
    {},
    { 'x-forwarded-for': '203.0.113.1' },
    { 'x-forwarded-for': '203.0.113.2, 10.0.0.1' },
    { 'x-forwarded-for': '127.0.0.1' },
    { 'x-forwarded-for': '::1' },
    { 'x-forwarded-for': 'a' },
    { 'x-forwarded-for': '' },
    { 'x-forwarded-for': ','.repeat(10_000) },
    { forwarded: 'for=203.0.113.3;proto=https;by=10.0.0.1' },
    { 'x-real-ip': '203.0.113.4' },
    { 'cf-connecting-ip': '203.0.113.5' },
    { 'true-client-ip': '203.0.113.6' },
    { 'x-client-ip': '203.0.113.7' },
    { 'x-forwarded': '203.0.113.8' },
    { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9', 'x-real-ip': '203.0.113.9' },
  ] as Record<string, string>[]) {
    const answer = await world.send({ method: 'POST', url: '/login', payload: {}, headers, remoteAddress: CLIENT })
    const name = JSON.stringify(headers).slice(0, 80)
    left -= 1
    t.match(answer.headers['ratelimit'], `"login";r=${left};`, `one bucket: ${name}`)
    t.equal(await loggedAddress(world, answer), CLIENT, name)
  }
})

t.test('uses only the address that the trusted proxy added', async (t) => {
  const world = await createWorld(t, behindProxy)
  let left: number = ADDRESS_LIMITS.login
  for (const invented of [
    '',
    '203.0.113.1, ',
    '203.0.113.2, 203.0.113.3, ',
    '10.0.0.9, ',
    '127.0.0.1,',
    'a, ',
    '1.2.3.4:5678, ',
    '", ',
    `${','.repeat(10_000)} `,
    `${'203.0.113.4, '.repeat(500)}`,
  ]) {
    const answer = await world.send({
      method: 'POST',
      url: '/login',
      payload: {},
      headers: {
        'x-forwarded-for': `${invented}${CLIENT}`,
        forwarded: 'for=203.0.113.5',
        'x-real-ip': '203.0.113.5',
        'cf-connecting-ip': '203.0.113.5',
      },
      remoteAddress: PROXY,
    })
    const name = JSON.stringify(invented).slice(0, 40)
    left -= 1
    t.match(answer.headers['ratelimit'], `"login";r=${left};`, `one bucket: ${name}`)
    t.equal(await loggedAddress(world, answer), CLIENT, name)
  }
})

t.test('reads addresses with a port and falls back to the proxy’s address', async (t) => {
  const world = await createWorld(t, behindProxy)
  for (const [added, address] of [
    ['1.2.3.4:5678', '1.2.3.4'],
    ['[2001:db8::1]:5678', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['a', PROXY],
    ['', PROXY],
    [' ', PROXY],
    ['unknown', PROXY],
    ['_hidden', PROXY],
    ['1.2.3', PROXY],
    ['1.2.3.4.5', PROXY],
    ['256.1.1.1', PROXY],
    ['0x01020304', PROXY],
    ['1.2.3.4/32', PROXY],
    ['1.2.3.4;drop', PROXY],
    [','.repeat(10_000), PROXY],
  ] as const) {
    const answer = await world.send({
      method: 'GET',
      url: '/nowhere',
      headers: { 'x-forwarded-for': added },
      remoteAddress: PROXY,
    })
    t.equal(answer.status, 404)
    t.equal(await loggedAddress(world, answer), address, added.slice(0, 30))
  }
})

t.test('counts all spellings of an address and all addresses of a /64 in one bucket', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true } } })
  const from = async (remoteAddress: string) =>
    (await world.send({ method: 'POST', url: '/login', payload: {}, remoteAddress })).status
  const hex = (nth: number) => ((nth * 40_503) % 65_536).toString(16)
  for (const [name, addressOf] of [
    ['a /64', (nth: number) => `2001:db8:0:7:${hex(nth)}:${hex(nth + 1)}:${hex(nth + 2)}:${hex(nth + 3)}`],
    ['capitals', (nth: number) => `${nth % 2 ? '2001:DB8:0:ABCD' : '2001:db8:0:abcd'}::${hex(nth)}`],
    ['with and without zeros', (nth: number) => `${nth % 2 ? '2001:0db8:0000:0008:' : '2001:db8:0:8:'}:${hex(nth)}`],
    ['IPv4', (nth: number) => ['::ffff:1.2.3.4', '1.2.3.4', '::FFFF:1.2.3.4', '::ffff:102:304'][nth % 4]!],
  ] as const) {
    const statuses = []
    for (let nth = 0; nth < 200; nth += 1) statuses.push(await from(addressOf(nth)))
    t.equal(statuses.filter((status) => status !== 429).length, ADDRESS_LIMITS.login, name)
  }
})

t.test('counts every request before its method, path and body are checked', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true } } })
  const json = { 'content-type': 'application/json' }
  const requests: [string, InjectOptions, counts?: 'login'][] = [
    ['HEAD', { method: 'HEAD', url: '/me' }],
    ['HEAD of an unknown path', { method: 'HEAD', url: '/nowhere' }],
    ['OPTIONS', { method: 'OPTIONS', url: '/login' }],
    ['OPTIONS of an unknown path', { method: 'OPTIONS', url: '/nowhere' }],
    ['404', { method: 'GET', url: '/nowhere' }],
    ['405', { method: 'DELETE', url: '/login' }],
    ['413', { method: 'POST', url: '/login', headers: json, payload: ' '.repeat(9_000) }, 'login'],
    ['415', { method: 'POST', url: '/login', headers: { 'content-type': 'text/plain' }, payload: 'x' }, 'login'],
    ['invalid JSON', { method: 'POST', url: '/login', headers: json, payload: '{' }, 'login'],
    ['no body', { method: 'POST', url: '/login' }, 'login'],
    ['a control character', { method: 'POST', url: '/login', payload: { username: '\0' } }, 'login'],
  ]
  let everything: number = ADDRESS_LIMITS.everything
  let login: number = ADDRESS_LIMITS.login
  for (const [name, request, counts] of requests) {
    const { headers } = await world.app.inject({ ...request, remoteAddress: CLIENT })
    everything -= 1
    if (counts) login -= 1
    t.match(headers['ratelimit'], `"everything";r=${everything};`, name)
    if (counts) t.match(headers['ratelimit'], `"login";r=${login};`, name)
  }
  for (; everything > 0; everything -= 1)
    await world.app.inject({ method: 'HEAD', url: '/nowhere', remoteAddress: CLIENT })
  for (const [name, request] of requests) {
    const { statusCode } = await world.app.inject({ ...request, remoteAddress: CLIENT })
    t.equal(statusCode, 429, `${name}, too often`)
  }
})

t.test('allows only listed origins to read responses', async (t) => {
  const origin = 'https://app.example.com'
  const world = await createWorld(t, { app: { http: { corsOrigins: [origin, 'https://other.example.com'] } } })
  const ask = async (headers: Record<string, string>) => [
    await world.app.inject({
      method: 'OPTIONS',
      url: '/login',
      headers: { ...headers, 'access-control-request-method': 'POST' },
    }),
    await world.app.inject({ method: 'POST', url: '/login', payload: {}, headers }),
    await world.app.inject({ method: 'GET', url: '/nowhere', headers }),
  ]
  for (const evil of [
    undefined,
    '',
    'null',
    '*',
    'https://evil.example',
    'https://app.example.com.evil',
    'https://app.example.com.evil.example',
    'https://evil.example/https://app.example.com',
    'https://evilapp.example.com',
    'https://sub.app.example.com',
    'https://example.com',
    'https://appXexample.com',
    'https://app.example.co',
    'http://app.example.com',
    'https://app.example.com:443',
    'https://app.example.com:8443',
    'https://app.example.com/',
    'https://app.example.com@evil.example',
    'https://app.example.com, https://evil.example',
    'HTTPS://APP.EXAMPLE.COM',
    'app.example.com',
    'file://',
  ]) {
    for (const { headers } of await ask(evil === undefined ? {} : { origin: evil })) {
      t.notOk(headers['access-control-allow-origin'], String(evil))
      t.notOk(headers['access-control-allow-credentials'], 'never with credentials')
      t.match(headers['vary'], /\borigin\b/i, 'caches store one response per origin')
    }
  }
  for (const { headers } of await ask({ origin })) {
    t.equal(headers['access-control-allow-origin'], origin)
    t.notOk(headers['access-control-allow-credentials'])
    t.match(headers['vary'], /\borigin\b/i)
    t.equal(
      headers['access-control-expose-headers'],
      'X-Request-Id, Retry-After, RateLimit-Policy, RateLimit, WWW-Authenticate',
    )
  }
  const closed = await world.startInstance({ app: { http: { corsOrigins: [] } } })
  const { headers } = await closed.app.inject({ method: 'POST', url: '/login', payload: {}, headers: { origin } })
  t.notOk(headers['access-control-allow-origin'], 'no origin is allowed if none is listed')
})

/** Headers of every response. */
const EVERYWHERE = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': /^max-age=\d{8,}$/,
  'x-request-id': /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
}

/** Public responses that caches may store. */
const KEPT = /^GET \/\.well-known\/(?:jwks\.json|oauth-authorization-server|openid-configuration)$/

/** A port whose every method rejects. */
const broken = new Proxy({}, { get: () => () => Promise.reject(new Error('broken')) }) as never

const acme: TestProvider = {
  name: 'acme',
  send: async () => ({ outcome: 'accepted', messageId: 'msg-1' }),
  readReceipt: () => ({ outcome: 'read', receipts: [{ messageId: 'msg-1', status: 'delivered' }] }),
}

t.test('every route sends the same security headers with every status', async (t) => {
  const world = await createWorld(t, { provider: acme, resendCooldown: 0, app: { http: { rateLimit: true } } })
  await world.addUser('alice')
  const failing = await world.startInstance({
    app: {
      http: { rateLimit: false },
      stores: { accounts: broken, sessions: broken, challenges: broken, ledger: broken },
    },
  })
  const cutOff = await world.startInstance({
    app: { http: { rateLimit: false } },
    databaseUrl: 'postgres://x@127.0.0.1:1/x',
  })
  const json = { 'content-type': 'application/json' }
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

  const login = { username: 'alice', password: PASSWORD }
  const signIn = async () => (await world.post('/login', login)).body.pending_token as string
  const access = (await world.verify(await signIn(), world.lastCode())).body.access_token as string
  /** Returns the input for a successful call; each has a new challenge, as a login ends the former one. */
  const needs: Record<string, () => Promise<{ payload?: object; token?: string }>> = {
    '/login': async () => ({ payload: login }),
    '/resend': async () => ({ payload: { pending_token: await signIn() } }),
    '/verify': async () => ({ payload: { pending_token: await signIn(), code: world.lastCode() } }),
    '/webhooks/sms/{provider}': async () => ({ payload: {} }),
    '/me': async () => ({ token: access }),
    '/challenge': async () => ({ token: await signIn() }),
  }
  const seen = new Map<string, Set<number>>()
  const check = async (instance: Pick<World, 'app'>, route: string, request: InjectOptions) => {
    const { statusCode, headers } = await instance.app.inject(request)
    seen.set(route, (seen.get(route) ?? new Set()).add(statusCode))
    const name = `${route} ${statusCode}`
    const isKept = KEPT.test(route) && statusCode === 200
    t.match(headers, isKept ? { ...EVERYWHERE, 'cache-control': 'public, max-age=300' } : EVERYWHERE, name)
    for (const header of ['server', 'x-powered-by', 'via', 'set-cookie']) t.notOk(headers[header], name)
    if (statusCode >= 400) t.match(headers['content-type'], /^application\/problem\+json/, name)
  }

  const document = (await world.app.inject('/openapi.json')).json()
  const operations = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ path, method: method.toUpperCase() as 'GET' | 'POST' })),
  )
  for (const { path, method } of operations) {
    const url = path.replace('{code}', 'rate_limited').replace('{provider}', 'acme')
    const route = `${method} ${path}`
    const { payload, token } = (await needs[path]?.()) ?? {}
    const good: InjectOptions = {
      method,
      url,
      ...(payload && method === 'POST' && { payload }),
      ...(token && { headers: bearer(token) }),
    }
    const wrong = { method, url, headers: json }
    await check(failing, route, good)
    await check(cutOff, route, good)
    await check(world, route, good)
    await check(world, route, { method, url: `${url}/nowhere` })
    await check(world, route, { method, url: `${url}?x=%00` })
    await check(world, route, { method: 'DELETE', url })
    await check(world, route, { method: 'OPTIONS', url })
    if (token) await check(world, route, { method, url, headers: bearer(`${token}x`) })
    if (method !== 'POST') continue
    await check(world, route, { ...wrong, payload: '{' })
    await check(world, route, { ...wrong, payload: ' '.repeat(70_000) })
    await check(world, route, { method, url, headers: { 'content-type': 'text/plain' }, payload: 'x' })
    await check(world, route, { ...wrong, headers: { ...json, 'content-encoding': 'gzip' }, payload: '{}' })
    if (path === '/login') await check(world, route, { ...good, payload: { ...login, password: 'wrong' } })
    if (path === '/resend' || path === '/verify') {
      await check(world, route, { ...good, payload: { ...payload, pending_token: 'x' } })
    }
  }
  for (let nth = 1; nth <= ADDRESS_LIMITS.everything; nth += 1)
    await world.app.inject({ url: '/nowhere', remoteAddress: CLIENT })
  for (const { path, method } of operations) {
    const url = path.replace('{code}', 'rate_limited').replace('{provider}', 'acme')
    await check(world, `${method} ${path}`, { method, url, remoteAddress: CLIENT })
  }
  for (const url of ['/openapi.json', '/docs', '/docs/static/swagger-ui.css', '/docs/json', '/', '/%ff']) {
    await check(world, 'others', { url })
  }

  const statuses = (route: string) => [...(seen.get(route) ?? [])].sort()
  for (const [route, expected] of [
    ['POST /login', [200, 400, 401, 404, 405, 413, 415, 429, 500, 503]],
    ['POST /resend', [200, 400, 401, 404, 405, 413, 415, 429, 500, 503]],
    ['POST /verify', [200, 400, 401, 404, 405, 413, 415, 429, 500, 503]],
    ['GET /challenge', [200, 400, 401, 404, 405, 429, 500, 503]],
    ['GET /me', [200, 400, 401, 404, 405, 429, 500, 503]],
    ['GET /.well-known/jwks.json', [200, 400, 404, 405, 429]],
    ['GET /.well-known/oauth-authorization-server', [200, 400, 404, 405, 429]],
    ['GET /.well-known/openid-configuration', [200, 400, 404, 405, 429]],
    ['GET /problems', [200, 400, 404, 405, 429]],
    ['GET /problems/{code}', [200, 400, 404, 405, 429]],
    ['POST /webhooks/sms/{provider}', [204, 404, 405, 413, 415, 500, 503]],
    ['GET /health/live', [200, 400, 404, 405]],
    ['GET /health/ready', [200, 400, 404, 405, 503]],
  ] as const) {
    t.strictSame(statuses(route), expected, `every status of ${route} was checked`)
  }
})

t.test('preflights count like any other request', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true, corsOrigins: ['https://app.example.com'] } } })
  const ask = () =>
    world.app.inject({
      method: 'OPTIONS',
      url: '/login',
      headers: { origin: 'https://app.example.com', 'access-control-request-method': 'POST' },
      remoteAddress: '198.51.100.7',
    })
  for (let nth = 0; nth < 300; nth += 1) await ask()
  t.equal((await ask()).statusCode, 429)
})
