import t, { type Test } from 'tap'
import { ADDRESS_LIMITS } from '../../src/http/rate-limit.ts'
import { type Answer, createWorld, PASSWORD, type World } from '../support/app.ts'

const from = (world: World, remoteAddress: string, url = '/login') =>
  world.send({ method: 'POST', url, payload: {}, remoteAddress })

/** Reads a list of strings with whole numbers as parameters (RFC 9651 §4.2), and throws at whatever is none. */
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

/** What an answer says of the limits: by name, what is left. The two headers must agree, and hold nothing impossible. */
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
    t.ok(r >= 0 && r < numbers['q']! && wait >= 1 && wait <= 60, `${r} left, anew in ${wait} s`)
    t.strictSame(others, {}, 'and nothing else')
  }
  return Object.fromEntries(left.map(({ name, numbers }) => [name, numbers as { r: number; t: number }]))
}

t.test('an address may try to log in twenty times a minute, whatever it sends', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true } } })
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) t.equal((await from(world, '198.51.100.7')).status, 400)
  const limited = await from(world, '198.51.100.7')
  t.match(limited, { status: 429, body: { code: 'rate_limited' } })
  t.ok(limited.body.retry_after >= 1 && limited.body.retry_after <= 60)
  t.equal((await from(world, '198.51.100.8')).status, 400, 'another address is another matter')
  t.equal((await from(world, '198.51.100.7', '/verify')).status, 400, 'so is another route')
})

t.test('all addresses of an IPv6 /64 and all its spellings are one', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true } } })
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await from(world, `2001:DB8:0:7::${nth}`)
  t.equal((await from(world, '2001:db8:0:7:ffff::1')).status, 429)
  t.equal((await from(world, '2001:db8:0:8::1')).status, 400)
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await from(world, '::ffff:198.51.100.9')
  t.equal((await from(world, '198.51.100.9')).status, 429, 'an IPv4 address in IPv6 clothes')
})

t.test('an address has 300 requests a minute for everything, unknown paths too, but health', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true } } })
  const get = (url: string) => world.send({ method: 'GET', url, remoteAddress: '198.51.100.7' })
  for (let nth = 1; nth <= ADDRESS_LIMITS.everything; nth += 1)
    await get(nth % 2 ? '/nowhere' : '/.well-known/jwks.json')
  t.equal((await get('/nowhere')).status, 429)
  t.equal((await get('/.well-known/jwks.json')).status, 429)
  t.equal((await get('/health/live')).status, 200, 'a flood must not look like a death')
})

t.test('X-Forwarded-For is believed from a listed proxy alone, and only the part it added', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true, trustProxy: ['10.0.0.0/8'] } } })
  const send = (remoteAddress: string, forwarded: string) =>
    world.send({ method: 'POST', url: '/login', payload: {}, remoteAddress, headers: { 'x-forwarded-for': forwarded } })
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await send('198.51.100.7', `203.0.113.${nth}`)
  t.equal((await send('198.51.100.7', '203.0.113.99')).status, 429, 'a stranger changes nothing by it')
  for (let nth = 1; nth <= ADDRESS_LIMITS.login; nth += 1) await send('10.0.0.1', `203.0.113.${nth}, 198.51.100.8`)
  t.equal(
    (await send('10.0.0.1', '203.0.113.99, 198.51.100.8')).status,
    429,
    'nor does what a client puts before the proxy’s part',
  )
  t.equal((await send('10.0.0.1', '198.51.100.9')).status, 400)
})

t.test('a port behind a forwarded address and what is no address make no new clients', async (t) => {
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
  t.equal((await send('invented-again')).status, 429, 'they are all the proxy itself')
})

t.test('every limited answer, whatever its status, says what is left of each limit it counted towards', async (t) => {
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
    t.equal(left['everything']?.r, ADDRESS_LIMITS.everything - requests, 'counts down')
    if (route) logins += 1
    t.equal(left['login']?.r, route && ADDRESS_LIMITS.login - logins, 'of its own route, and of no other')
  }
  t.strictSame(Object.keys(limitsOf(t, await at('POST', '/verify', {}))), ['everything', 'verify'])
  t.strictSame(Object.keys(limitsOf(t, await at('POST', '/webhooks/sms/nobody', {}))), ['receipts'])
})

t.test('beyond a limit nothing is left, and Retry-After is not before it is anew', async (t) => {
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
  t.strictSame(Object.keys(left), ['everything'], 'what was not counted any more is not told of')
  t.equal(left['everything']?.r, 0)
})

t.test('whoever waits for as long as Retry-After says is let in', async (t) => {
  let now = 0
  const world = await createWorld(t, { app: { http: { rateLimit: true, elapsed: () => now } } })
  for (const [nth, elapsed] of [0, 1, 999, 1_000, 17_400, 59_000, 59_999].entries()) {
    const address = `198.51.100.${nth}`
    for (let tries = 1; tries <= ADDRESS_LIMITS.login; tries += 1) await from(world, address)
    now += elapsed
    const limited = await from(world, address)
    t.equal(limited.status, 429, `${elapsed} ms after the first`)
    now += Number(limited.headers['retry-after']) * 1_000
    const after = await from(world, address)
    t.equal(after.status, 400)
    t.equal(limitsOf(t, after)['login']?.r, ADDRESS_LIMITS.login - 1)
  }
})

t.test('the limits say the same of a name that somebody has and one that nobody has', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true } } })
  await world.addUser('alice')
  const told = async (username: string, remoteAddress: string) => {
    const payload = { username, password: 'a wrong password' }
    const answers = []
    for (let nth = 1; nth <= 3; nth += 1) {
      const { status, headers } = await world.send({ method: 'POST', url: '/login', payload, remoteAddress })
      // The seconds pass for both alike, but not while the test looks on.
      answers.push([status, headers['ratelimit-policy'], headers['ratelimit']?.replaceAll(/;t=\d+/g, '')])
    }
    return answers
  }
  t.strictSame(await told('alice', '198.51.100.7'), await told('nobody', '198.51.100.8'))
})

t.test('health tells of no limits, nor does anything where they are off', async (t) => {
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
