import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { createAdminWorld, UNKNOWN_ID } from '../support/admin.ts'
import { createWorld, type World } from '../support/app.ts'

const JSON_TYPE = 'application/json'

/** Headers and bodies that clients send for a call without a body. */
const NOTHING: Record<string, string[]> = {
  'no header at all': ['', ''],
  'a length of 0': ['Content-Length: 0', ''],
  'fetch and axios with a default type': [`Content-Type: ${JSON_TYPE}`, ''],
  'fetch, POST': [`Content-Type: ${JSON_TYPE}\r\nContent-Length: 0`, ''],
  'okhttp and .NET': [`Content-Type: ${JSON_TYPE}; charset=utf-8\r\nContent-Length: 0`, ''],
  "curl -d '' and axios.post(url)": ['Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0', ''],
  'StringContent("")': ['Content-Type: text/plain; charset=iso-8859-1\r\nContent-Length: 0', ''],
  'axios.post(url, null)': [`Content-Type: ${JSON_TYPE}\r\nContent-Length: 4`, 'null'],
  'fetch with {}': [`Content-Type: ${JSON_TYPE}\r\nContent-Length: 2`, '{}'],
  'an empty stream': ['Transfer-Encoding: chunked', '0\r\n\r\n'],
  'an empty stream of JSON': [`Content-Type: ${JSON_TYPE}\r\nTransfer-Encoding: chunked`, '0\r\n\r\n'],
  'an empty stream of bytes': ['Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked', '0\r\n\r\n'],
  'an empty upload with a coding': [`Content-Type: ${JSON_TYPE}\r\nContent-Encoding: gzip\r\nContent-Length: 0`, ''],
}

/** Sends two requests on one connection and returns the statuses of both responses. */
const sendTwice = async (port: number, line: string, token: string, [headers, body]: string[]) => {
  const head = [`${line} HTTP/1.1`, 'Host: a', `Authorization: Bearer ${token}`, headers].filter(Boolean).join('\r\n')
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`${head}\r\n\r\n${body}`)
  socket.write('GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
}

const listen = async ({ app }: Pick<World, 'app'>) =>
  Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port)

t.test('accepts every form of an empty body on routes that need none', async (t) => {
  const world = await createAdminWorld(t, { resendCooldown: 0 })
  await world.addUser('alice')
  const bob = await world.addUser('bob', '+12025550144')
  await world.addUser('carol', '+12025550145')
  const port = await listen(world)
  const adminPort = await listen(world.admin)
  const { access_token: token } = await world.logIn('alice')
  const { key } = world.admin
  for (const [name, nothing] of Object.entries(NOTHING)) {
    const tokenOf = async (name: string) => (await world.logIn(name)).access_token as string
    for (const [line, to, bearer, status] of [
      ['GET /me', port, token, 200],
      ['DELETE /devices', port, token, 204],
      [`DELETE /sessions/${UNKNOWN_ID}`, port, token, 404],
      ...(name.startsWith('fetch') ? [['DELETE /sessions', port, await tokenOf('carol'), 204] as const] : []),
      ['POST /logout', port, await tokenOf('bob'), 204],
      [`DELETE /admin/users/${bob}/sessions`, adminPort, key, 204],
      [`POST /admin/users/${bob}/enable`, adminPort, key, 200],
    ] as const) {
      // The second response proves that the connection stays open.
      t.strictSame(await sendTwice(to, line, bearer, nothing), [status, 404], `${line}: ${name}`)
    }
  }
})

t.test('validates a body that is present on routes that need none', async (t) => {
  const world = await createAdminWorld(t)
  const bob = await world.addUser('bob')
  const { access_token: token } = await world.logIn('bob')
  const end = `/admin/users/${bob}/sessions`
  const bearer = { authorization: `Bearer ${token}` }
  const adminBearer = { authorization: `Bearer ${world.admin.key}` }
  for (const [app, method, url, headers, payload, status, code] of [
    [world.app, 'POST', '/logout', bearer, '{', 400, 'malformed_json'],
    [world.app, 'POST', '/logout', bearer, '[]', 400, 'validation_failed'],
    [world.app, 'POST', '/logout', bearer, '{"x":1}', 400, 'validation_failed'],
    [world.app, 'DELETE', '/devices', bearer, '{', 400, 'malformed_json'],
    [world.admin.app, 'DELETE', end, adminBearer, '{', 400, 'malformed_json'],
    [world.admin.app, 'DELETE', end, adminBearer, '{"x":1}', 400, 'validation_failed'],
    [world.admin.app, 'DELETE', end, adminBearer, '1', 400, 'validation_failed'],
    [world.app, 'POST', '/verify', {}, '', 400, 'malformed_json'],
    [world.app, 'POST', '/verify', {}, 'null', 400, 'validation_failed'],
    [world.admin.app, 'POST', '/admin/users', adminBearer, '', 400, 'malformed_json'],
    [world.admin.app, 'POST', '/admin/users', adminBearer, 'null', 400, 'validation_failed'],
  ] as const) {
    const request = { method, url, payload, headers: { ...headers, 'content-type': 'application/json' } }
    const answer = await app.inject(request)
    t.match(
      { status: answer.statusCode, body: answer.json() },
      { status, body: { code } },
      `${method} ${url} ${payload}`,
    )
  }
  for (const [app, url, headers] of [
    [world.app, '/devices', bearer],
    [world.admin.app, end, adminBearer],
  ] as const) {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', undefined]) {
      const headersOfBody = { ...headers, ...(type && { 'content-type': type }), 'content-length': '3' }
      const answer = await app.inject({ method: 'DELETE', url, payload: 'a=b', headers: headersOfBody })
      t.match(answer.json(), { status: 415, code: 'unsupported_media_type' }, `${url} ${type}`)
    }
  }
})

t.test('accepts aliases of UTF-8 and the identity coding on both listeners', async (t) => {
  const world = await createAdminWorld(t)
  for (const [app, url] of [
    [world.app, '/login'],
    [world.admin.app, '/admin/users'],
  ] as const) {
    const send = async (headers: Record<string, string>) =>
      (
        await app.inject({
          method: 'POST',
          url,
          payload: '{}',
          headers: { authorization: `Bearer ${world.admin.key}`, 'content-type': 'application/json', ...headers },
        })
      ).json().code
    for (const type of [
      'application/json;charset=utf8',
      'application/json; charset=UTF8',
      'application/json; charset="utf-8"',
      "application/json; charset='utf-8'",
      'application/json; charset=utf-8;',
      'application/json; charset=utf-8; version=1',
      'application/json; charset=US-ASCII',
      'Application/JSON; Charset=Utf-8',
    ]) {
      t.equal(await send({ 'content-type': type }), 'validation_failed', `${url} ${type}`)
    }
    for (const coding of ['identity', 'Identity', 'identity, identity', '']) {
      t.equal(await send({ 'content-encoding': coding }), 'validation_failed', `${url} ${coding}`)
    }
    for (const headers of [
      { 'content-type': 'application/json; charset=iso-8859-1' },
      { 'content-type': 'application/json; charset=utf-16' },
      { 'content-type': 'application/json; charset=utf-8859' },
      { 'content-encoding': 'gzip' },
      { 'content-encoding': 'identity, br' },
      { 'content-encoding': 'identity-x' },
    ]) {
      t.equal(await send(headers), 'unsupported_media_type', `${url} ${JSON.stringify(headers)}`)
    }
  }
})

t.test('accepts a cookie without a body only with a JSON content type', async (t) => {
  const world = await createWorld(t, { resendCooldown: 0, app: { http: { refreshCookie: true } } })
  await world.addUser('alice')
  const { body } = await world.login('alice')
  const { headers } = await world.verify(body.pending_token, world.lastCode())
  const cookie = String(headers['set-cookie']).split(';')[0]!
  world.keepSecret(cookie.split('=')[1]!)
  const call = async (url: string, type?: string) => {
    const headersOf = { cookie, ...(type && { 'content-type': type }) }
    return (await world.app.inject({ method: 'POST', url, headers: headersOf })).statusCode
  }
  for (const type of [
    undefined,
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
  ]) {
    t.equal(await call('/refresh', type), 401, `a form of a neighboring host: ${type}`)
    t.equal(await call('/logout', type), 401, `a form of a neighboring host: ${type}`)
  }
  t.equal(await call('/logout', 'application/json'), 204)
})
