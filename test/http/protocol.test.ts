import { connect } from 'node:net'
import t from 'tap'
import { createWorld, PASSWORD, type World } from '../support/app.ts'

const json = { 'content-type': 'application/json' }

t.test('answers requests that are refused before a handler with a problem', async (t) => {
  const world = await createWorld(t)
  const post = (payload: string | Buffer, headers: Record<string, string> = json) =>
    world.send({ method: 'POST', url: '/login', payload, headers })
  const good = JSON.stringify({ username: 'alice', password: PASSWORD })
  const cases: [string, Promise<{ status: number; body: { code: string } }>, number, string][] = [
    ['no JSON', post('{'), 400, 'malformed_json'],
    ['an empty body', post(''), 400, 'malformed_json'],
    ['no body', world.send({ method: 'POST', url: '/login' }), 400, 'validation_failed'],
    ['a prototype', post('{"__proto__":{"x":1},"username":"a","password":"b"}'), 400, 'malformed_json'],
    ['a list', post('[]'), 400, 'validation_failed'],
    ['null', post('null'), 400, 'validation_failed'],
    ['deep nesting', post('['.repeat(4_000)), 400, 'malformed_json'],
    [
      '8 KiB and a byte',
      post(JSON.stringify({ username: 'a', password: 'x'.repeat(8_200) })),
      413,
      'payload_too_large',
    ],
    ['text/plain', post(good, { 'content-type': 'text/plain' }), 415, 'unsupported_media_type'],
    [
      'a form',
      post('username=a', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'unsupported_media_type',
    ],
    [
      'another charset',
      post(good, { 'content-type': 'application/json; charset=utf-16' }),
      415,
      'unsupported_media_type',
    ],
    ['gzip', post(good, { ...json, 'content-encoding': 'gzip' }), 415, 'unsupported_media_type'],
    ['an unknown path', world.get('/nowhere'), 404, 'not_found'],
    ['an unknown problem', world.get('/problems/nowhere'), 404, 'not_found'],
    ['a path that is not UTF-8', world.get('/problems/%ff'), 404, 'not_found'],
    ['a trailing slash', world.get('/me/'), 404, 'not_found'],
  ]
  for (const [name, answer, status, code] of cases) t.match(await answer, { status, body: { code } }, name)
  t.equal((await post(good, { 'content-type': 'application/json; charset=UTF-8' })).body.code, 'invalid_credentials')
})

t.test('lists the allowed methods for a wrong method with any body', async (t) => {
  const world = await createWorld(t)
  for (const [method, url, allow] of [
    ['GET', '/login', 'POST'],
    ['PUT', '/verify', 'POST'],
    ['DELETE', '/resend', 'POST'],
    ['POST', '/me', 'GET, HEAD'],
    ['PATCH', '/challenge', 'GET, HEAD'],
    ['OPTIONS', '/login', 'POST'],
    ['POST', '/problems/rate_limited', 'GET, HEAD'],
  ] as const) {
    const answer = await world.send({
      method,
      url,
      ...(method === 'PUT' && { payload: 'x', headers: { 'content-type': 'text/x' } }),
    })
    t.match(answer, { status: 405, headers: { allow }, body: { code: 'method_not_allowed' } }, `${method} ${url}`)
  }
})

t.test('validates each member of a request and reports path and message', async (t) => {
  const world = await createWorld(t)
  const errors = async (payload: object) => (await world.post('/login', payload)).body.errors
  t.strictSame(await errors({ password: 'x' }), [{ path: '/username', message: 'is missing' }])
  t.strictSame(await errors({ username: 'a', password: 'b', role: 'admin' }), [
    { path: '/role', message: 'is not a member of this request' },
  ])
  t.match(await errors({ username: 'a', password: 'b', channel: 'pigeon' }), [{ path: '/channel' }])
  for (const value of [1, true, null, {}, [], ['alice']]) {
    t.match(await errors({ username: value, password: 'b' }), [{ path: '/username', message: 'must be string' }])
    t.match(await errors({ username: 'a', password: value }), [{ path: '/password', message: 'must be string' }])
  }
  for (const text of ['', 'a\u0000b', 'a\nb', '\ud800', 'x'.repeat(255)]) {
    t.match(await errors({ username: text, password: 'b' }), [{ path: '/username' }], JSON.stringify(text).slice(0, 20))
  }
  t.match(await errors({ username: 'a', password: 'x'.repeat(257) }), [{ path: '/password' }])
  t.equal((await world.login('a', '😀'.repeat(256))).body.code, 'invalid_credentials', '256 code points of four bytes')
})

t.test('treats injection attempts in a username as plain text', async (t) => {
  const world = await createWorld(t)
  for (const name of ["' OR 1=1--", '$1', '";select pg_sleep(5)--', '{{7*7}}', '%s', '__proto__', 'constructor']) {
    t.equal((await world.login(name)).body.code, 'invalid_credentials', name)
  }
})

const listen = async (world: World) => {
  await world.app.listen({ host: '127.0.0.1', port: 0 })
  return (world.app.server.address() as { port: number }).port
}

const talk = (port: number, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })

t.test('answers malformed HTTP with a problem on the socket', async (t) => {
  const world = await createWorld(t)
  const port = await listen(world)
  for (const [name, text, status, code] of [
    ['rubbish', 'hello\r\n\r\n', 400, 'validation_failed'],
    [
      'two lengths',
      'POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'validation_failed',
    ],
    ['a header of 20 kB', `GET /me HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 413, 'payload_too_large'],
  ] as const) {
    const [head = '', body = ''] = (await talk(port, text)).split('\r\n\r\n')
    t.match(head, new RegExp(`^HTTP/1.1 ${status} `), name)
    t.match(head, /content-type: application\/problem\+json/)
    t.match(head, /cache-control: no-store/)
    t.match(JSON.parse(body), { status, code }, name)
  }
})

t.test('sends the security headers with every response', async (t) => {
  const world = await createWorld(t)
  for (const url of ['/health/live', '/nowhere', '/me', '/openapi.json', '/docs']) {
    const { headers } = await world.app.inject(url)
    t.match(
      headers,
      {
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'x-request-id': /^[0-9a-f-]{36}$/,
      },
      url,
    )
    t.notOk(headers['server'] ?? headers['x-powered-by'])
  }
})

t.test('allows cross-origin calls only from the listed origins', async (t) => {
  const world = await createWorld(t, { app: { http: { corsOrigins: ['https://app.example.com'] } } })
  const preflight = (origin: string) =>
    world.app.inject({
      method: 'OPTIONS',
      url: '/login',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    })
  const allowed = await preflight('https://app.example.com')
  t.equal(allowed.statusCode, 204)
  t.equal(allowed.headers['access-control-allow-origin'], 'https://app.example.com')
  for (const origin of [
    'https://app.example.com.evil.example',
    'null',
    'http://app.example.com',
    'https://example.com',
  ]) {
    t.notOk((await preflight(origin)).headers['access-control-allow-origin'], origin)
  }
  const answer = await world.send({
    method: 'POST',
    url: '/login',
    payload: {},
    headers: { origin: 'https://app.example.com' },
  })
  t.equal(answer.headers['access-control-allow-origin'], 'https://app.example.com', 'errors are readable too')
})

t.test('serves a page at every problem type', async (t) => {
  const world = await createWorld(t)
  const { body } = await world.login('unknown')
  const page = await world.get(new URL(body.type).pathname)
  t.match(page, { status: 200, body: { type: body.type, code: 'invalid_credentials', status: 401, title: body.title } })
})

t.test('stays live while a dependency is missing, which readiness names', async (t) => {
  const world = await createWorld(t, {
    app: {
      http: {
        readiness: [
          { name: 'database', check: async () => {} },
          { name: 'migrations', check: async () => Promise.reject(new Error('two are missing')) },
        ],
      },
    },
  })
  t.match(await world.get('/health/live'), { status: 200, body: { status: 'live' } })
  t.match(await world.get('/health/ready'), {
    status: 503,
    body: { code: 'service_unavailable', missing: ['migrations'] },
  })
})

t.test('shows only the id of an internal error', async (t) => {
  const world = await createWorld(t, {
    app: {
      stores: {
        accounts: {
          findForLogin: () => Promise.reject(new Error('relation "secret_table" has a detail')),
          forgive: async () => {},
          countFailure: async () => {},
          findById: () => Promise.reject(new Error('no')),
          upgradePasswordHash: async () => {},
        },
      },
    },
  })
  const { status, body } = await world.login('alice')
  t.equal(status, 500)
  t.strictSame(Object.keys(body), ['type', 'title', 'status', 'code', 'instance'])
  t.ok(
    world.logged.some((line) => line.includes(body.instance) && line.includes('secret_table')),
    'the log contains the cause',
  )
})
