import t, { type Test } from 'tap'
import { ADDRESS_LIMITS } from '../../src/http/rate-limit.ts'
import { type Answer, createWorld, PASSWORD, type World } from '../support/app.ts'

const from = (world: World, remoteAddress: string, url = '/login') =>
  world.send({ method: 'POST', url, payload: {}, remoteAddress })

/** Parses a list of strings with integer parameters (RFC 9651 §4.2); throws on any other input. */
const parseList = (text: string | undefined) => {
  const entries: { name: string; numbers: Record<string, number> }[] = []
  let rest = text ?? ''
  const take = (pattern: RegExp) => {
    const found = pattern.exec(rest)
    if (!found) throw new Error(`no such list: ${text}, from ${rest || 'its end'}`)
    rest = rest.slice(found[0].length)
    return found
  }
  for (;;) {
    const [, name] = take(/^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/)
    const numbers: Record<string, number> = {}
    while (rest.startsWith(';')) {
      const [, key, value] = take(/^; *([a-z*][a-z0-9_.*-]*)=(-?\d{1,15})(?![\d.])/)
      numbers[key!] = Number(value)
    }
    entries.push({ name: name!, numbers })
    if (rest === '') return entries
    take(/^[ \t]*,[ \t]*/)
  }
}

/** Returns the remaining requests of each limit by name. Asserts that the two headers agree and hold possible values. */
const limitsOf = (t: Test, { headers }: Answer): Record<string, { r: number; t: number }> => {
  const policies = parseList(headers['ratelimit-policy'])
  const left = parseList(headers['ratelimit'])
  t.strictSame(
    left.map(({ name }) => name),
    policies.map(({ name }) => name),
    'each limit has its policy',
  )
  for (const [position, { name, numbers }] of policies.entries()) {
    t.strictSame(numbers, { q: ADDRESS_LIMITS[name as keyof typeof ADDRESS_LIMITS], w: 60 }, name)
    const { r = -1, t: wait = -1, ...others } = left[position]!.numbers
    t.ok(r >= 0 && r < numbers['q']! && wait >= 1 && wait <= 60, `${r} left, reset in ${wait} s`)
    t.strictSame(others, {}, 'no other parameters')
  }
  return Object.fromEntries(left.map(({ name, numbers }) => [name, numbers as { r: number; t: number }]))
}

t.test('allows 20 login requests a minute for each address, valid or not', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true } } })
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) t.equal((await from(world, '198.51.100.7')).status, 400)
  const limited = await from(world, '198.51.100.7')
  t.match(limited, { status: 429, body: { code: 'rate_limited' } })
  t.ok(limited.body.retry_after >= 1 && limited.body.retry_after <= 60)
  t.equal((await from(world, '198.51.100.8')).status, 400, 'another address has its own limit')
  t.equal((await from(world, '198.51.100.7', '/verify')).status, 400, 'another route has its own limit')
})

t.test('counts an IPv6 /64 as one client in any notation', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true } } })
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await from(world, `2001:DB8:0:7::${nth}`)
  t.equal((await from(world, '2001:db8:0:7:ffff::1')).status, 429)
  t.equal((await from(world, '2001:db8:0:8::1')).status, 400)
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await from(world, '::ffff:198.51.100.9')
  t.equal((await from(world, '198.51.100.9')).status, 429, 'an IPv4-mapped IPv6 address counts as the IPv4 address')
})

t.test('allows 300 requests a minute for each address on all routes except health', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true } } })
  const get = (url: string) => world.send({ method: 'GET', url, remoteAddress: '198.51.100.7' })
  for (let nth = 1; nth <= ADDRESS_LIMITS.everything; nth += 1)
    await get(nth % 2 ? '/nowhere' : '/.well-known/jwks.json')
  t.equal((await get('/nowhere')).status, 429)
  t.equal((await get('/.well-known/jwks.json')).status, 429)
  t.equal((await get('/health/live')).status, 200, 'health checks are exempt')
})

t.test('trusts X-Forwarded-For only from a listed proxy, and only its own entry', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true, trustProxy: ['10.0.0.0/8'] } } })
  const send = (remoteAddress: string, forwarded: string) =>
    world.send({ method: 'POST', url: '/login', payload: {}, remoteAddress, headers: { 'x-forwarded-for': forwarded } })
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await send('198.51.100.7', `203.0.113.${nth}`)
  t.equal((await send('198.51.100.7', '203.0.113.99')).status, 429, 'an untrusted peer cannot change its address')
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await send('10.0.0.1', `203.0.113.${nth}, 198.51.100.8`)
  t.equal(
    (await send('10.0.0.1', '203.0.113.99, 198.51.100.8')).status,
    429,
    'entries before the one of the proxy are ignored',
  )
  t.equal((await send('10.0.0.1', '198.51.100.9')).status, 400)
})

t.test('ignores ports and invalid addresses in X-Forwarded-For', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true, trustProxy: ['10.0.0.0/8'] } } })
  const send = (forwarded: string) =>
    world.send({
      method: 'POST',
      url: '/login',
      payload: {},
      remoteAddress: '10.0.0.1',
      headers: { 'x-forwarded-for': forwarded },
    })
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await send(`198.51.100.7:${5_000 + nth}`)
  t.equal((await send('198.51.100.7:6000')).status, 429)
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await send(`invented-${nth}`)
  t.equal((await send('invented-again')).status, 429, 'invalid addresses count for the proxy')
})

t.test('reports the remaining requests of each counted limit in every response', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true } } })
  await world.addUser('alice')
  const at = (method: 'GET' | 'POST' | 'PUT', url: string, payload?: object | string, type?: string) =>
    world.send({
      method,
      url,
      ...(payload !== undefined && { payload }),
      headers: type === undefined ? {} : { 'content-type': type },
      remoteAddress: '198.51.100.7',
    })
  const json = 'application/json'
  let requests = 0
  let logins = 0
  for (const [status, answer, route] of [
    [200, () => at('GET', '/.well-known/jwks.json')],
    [200, () => at('GET', '/openapi.json')],
    [200, () => at('POST', '/login', { username: 'alice', password: PASSWORD }), 'login'],
    [400, () => at('POST', '/login', {}), 'login'],
    [400, () => at('POST', '/login', '{', json), 'login'],
    [401, () => at('POST', '/login', { username: 'alice', password: 'wrong' }), 'login'],
    [401, () => at('GET', '/me')],
    [404, () => at('GET', '/nowhere')],
    [405, () => at('PUT', '/login', {})],
    [413, () => at('POST', '/login', ' '.repeat(8_193), json), 'login'],
    [415, () => at('POST', '/login', 'x', 'text/plain'), 'login'],
    [429, () => at('POST', '/login', { username: 'alice', password: PASSWORD }), 'login'],
  ] as [number, () => Promise<Answer>, 'login'?][]) {
    const given = await answer()
    t.equal(given.status, status)
    const left = limitsOf(t, given)
    requests += 1
    t.equal(left['everything']?.r, ADDRESS_LIMITS.everything - requests, 'the general limit counts down')
    if (route) logins += 1
    t.equal(left['login']?.r, route && ADDRESS_LIMITS.login - logins, 'only the limit of the route is reported')
  }
  t.strictSame(Object.keys(limitsOf(t, await at('POST', '/verify', {}))), ['everything', 'verify'])
  t.strictSame(Object.keys(limitsOf(t, await at('POST', '/webhooks/sms/unknown', {}))), ['receipts'])
})

t.test('reports 0 remaining requests over a limit, and a Retry-After at its reset or later', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true } } })
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await from(world, '198.51.100.7')
  for (let nth = 1; nth <= 3; nth += 1) {
    const limited = await from(world, '198.51.100.7')
    const { login } = limitsOf(t, limited)
    t.equal(limited.status, 429)
    t.equal(login?.r, 0)
    t.ok(Number(limited.headers['retry-after']) >= login!.t)
  }
  for (let nth = 1; nth <= ADDRESS_LIMITS.everything; nth += 1) await from(world, '198.51.100.8', '/nowhere')
  const limited = await from(world, '198.51.100.8')
  const left = limitsOf(t, limited)
  t.equal(limited.status, 429)
  t.strictSame(Object.keys(left), ['everything'], 'limits that did not count the request are not reported')
  t.equal(left['everything']?.r, 0)
})

t.test('accepts a request after the wait in Retry-After', async (t) => {
  let now = 0
  const world = await createWorld(t, { app: { http: { rateLimit: true, elapsed: () => now } } })
  for (const [nth, elapsed] of [0, 1, 999, 1_000, 17_400, 59_000, 59_999].entries()) {
    const address = `198.51.100.${nth}`
    for (let tries = 1; tries <= ADDRESS_LIMITS.login; tries += 1) await from(world, address)
    now += elapsed
    const limited = await from(world, address)
    t.equal(limited.status, 429, `${elapsed} ms after the first request`)
    now += Number(limited.headers['retry-after']) * 1_000
    const after = await from(world, address)
    t.equal(after.status, 400)
    t.equal(limitsOf(t, after)['login']?.r, ADDRESS_LIMITS.login - 1)
  }
})

t.test('reports the same limits for known and unknown usernames', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true } } })
  await world.addUser('alice')
  const reported = async (username: string, remoteAddress: string) => {
    const payload = { username, password: 'a wrong password' }
    const answers = []
    for (let nth = 1; nth <= 3; nth += 1) {
      const { status, headers } = await world.send({ method: 'POST', url: '/login', payload, remoteAddress })
      // Removes the seconds until the reset, which may differ between two requests.
      answers.push([status, headers['ratelimit-policy'], headers['ratelimit']?.replaceAll(/;t=\d+/g, '')])
    }
    return answers
  }
  t.strictSame(await reported('alice', '198.51.100.7'), await reported('unknown', '198.51.100.8'))
})

t.test('reports no limits on health routes, nor anywhere with limits off', async (t) => {
  const limited = await createWorld(t, { app: { http: { rateLimit: true } } })
  const free = await limited.startInstance({ app: { http: { rateLimit: false } } })
  for (const [world, url] of [
    [limited, '/health/live'],
    [limited, '/health/ready'],
    [free, '/health/live'],
    [free, '/nowhere'],
    [free, '/.well-known/jwks.json'],
  ] as const) {
    const { headers } = await world.send({ method: 'GET', url })
    t.strictSame(
      Object.keys(headers).filter((name) => name.startsWith('ratelimit')),
      [],
      url,
    )
  }
})
