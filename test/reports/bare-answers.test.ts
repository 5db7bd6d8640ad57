import { connect } from 'node:net'
import t from 'tap'
import { createAdminWorld } from '../support/admin.ts'

const EVERYWHERE = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'content-type': 'application/problem+json',
  'x-request-id': /^[0-9a-f-]{36}$/,
}

/** Sends bytes and reads until the server closes. Returns the final response, which may follow an interim one. */
const talk = async (port: number, text: string) => {
  const socket = connect(port, '127.0.0.1', () => socket.write(text))
  let answers = ''
  for await (const chunk of socket) answers += chunk
  const parts = answers.split('\r\n\r\n')
  const [head = '', body = ''] = parts.slice(-2)
  const [line, ...fields] = head.split('\r\n')
  return {
    interim: parts.length > 2 ? parts[0] : undefined,
    status: Number(line?.split(' ')[1]),
    headers: Object.fromEntries(fields.map((field) => field.split(/: ?(.*)/s).slice(0, 2))),
    body: JSON.parse(body),
  }
}

t.test('answers requests that Node refuses with a problem and the security headers', async (t) => {
  const world = await createAdminWorld(t)
  const get = (line: string, ...fields: string[]) =>
    [`GET ${line} HTTP/1.1`, ...fields, 'Connection: close', '', ''].join('\r\n')
  const big = (size: number) => 'x'.repeat(size)
  const cases: [string, string, number, object][] = [
    ['no Host', get('/me'), 400, { code: 'validation_failed', errors: [{ path: '/headers/host' }] }],
    [
      'two Hosts',
      get('/me', 'Host: a', 'Host: b'),
      400,
      { errors: [{ path: '/headers/host', message: 'must occur only once' }] },
    ],
    [
      'no Host, and a body',
      'POST /login HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}',
      400,
      { code: 'validation_failed', errors: [{ path: '/headers/host' }] },
    ],
    [
      'an unknown expectation',
      get('/me', 'Host: a', 'Expect: something'),
      400,
      { code: 'validation_failed', errors: [{ path: '/headers/expect' }] },
    ],
    [
      'an expectation that resembles the known one',
      get('/me', 'Host: a', 'Expect: 100-continued'),
      400,
      { code: 'validation_failed', errors: [{ path: '/headers/expect' }] },
    ],
    ['a method that does not exist', 'FOO /me HTTP/1.1\r\nHost: a\r\n\r\n', 400, { code: 'validation_failed' }],
    [
      'a method that no route has',
      'PURGE /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      404,
      { code: 'not_found' },
    ],
    ['another version', 'GET /me HTTP/2.5\r\nHost: a\r\n\r\n', 400, { code: 'validation_failed' }],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, { code: 'validation_failed' }],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, { code: 'validation_failed' }],
    ['a header of 30 kB', get('/me', 'Host: a', `X: ${big(30_000)}`), 413, { code: 'payload_too_large' }],
    ['a path of 30 kB', get(`/${big(30_000)}`, 'Host: a'), 413, { code: 'payload_too_large' }],
    ['an unknown transfer coding', 'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n', 400, {}],
    ['the whole server', 'OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 404, { code: 'not_found' }],
    ['an upgrade to an unsupported protocol', get('/nowhere', 'Host: a', 'Upgrade: h2c'), 404, { code: 'not_found' }],
  ]
  for (const app of [world.app, world.admin.app]) {
    const port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
    for (const [name, text, status, body] of cases) {
      t.match(await talk(port, text), { status, headers: EVERYWHERE, body: { status, ...body } }, name)
    }
    const old = 'GET /nowhere HTTP/1.0\r\nExpect: something\r\n\r\n'
    t.match(await talk(port, old), { status: 404 }, 'HTTP/1.0 requires no Host and ignores Expect')
    const upload =
      'POST /nowhere HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
    t.match(
      await talk(port, upload),
      { interim: 'HTTP/1.1 100 Continue', status: 404 },
      'a known expectation gets 100 Continue',
    )
  }
})

t.test('answers refused requests for static files with a problem of the client', async (t) => {
  const world = await createAdminWorld(t)
  const file = '/docs/static/index.css'
  for (const [url, headers, status, code] of [
    ['/docs/static/nowhere.css', {}, 404, 'not_found'],
    [file, { range: 'bytes=99999999-' }, 400, 'validation_failed'],
    [file, { 'if-match': '"other"' }, 400, 'validation_failed'],
    [file, { 'if-unmodified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 400, 'validation_failed'],
  ] as const) {
    const answer = await world.app.inject({ url, headers })
    t.match({ status: answer.statusCode, ...answer.json() }, { status, code }, `${url} ${JSON.stringify(headers)}`)
  }
  t.notOk(
    world.logged.some((line) => JSON.parse(line).event === 'problem'),
    'no problem in the log',
  )
})
