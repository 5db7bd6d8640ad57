import t from 'tap'
import { guardRoutes } from '../../src/admin-routes/access.ts'
import { adminRoutes } from '../../src/admin-routes/index.ts'
import { hashAdminKey, newAdminKey } from '../../src/core/account/admin-key.ts'
import { ADMIN_SCOPES, type AdminScope } from '../../src/core/account/admin-ports.ts'
import { createAdminWorld, UNKNOWN_ID } from '../support/admin.ts'
import { ISSUER } from '../support/app.ts'

type Method = 'GET' | 'POST' | 'DELETE'

/** Every route with the scope that it requires. */
const ROUTES: [Method, string, AdminScope][] = [
  ['POST', '/admin/users', 'users:write'],
  ['GET', '/admin/users', 'users:read'],
  ['GET', `/admin/users/${UNKNOWN_ID}`, 'users:read'],
  ['POST', `/admin/users/${UNKNOWN_ID}/disable`, 'users:write'],
  ['POST', `/admin/users/${UNKNOWN_ID}/enable`, 'users:write'],
  ['POST', `/admin/users/${UNKNOWN_ID}/reset-factor`, 'users:write'],
  ['GET', `/admin/users/${UNKNOWN_ID}/sessions`, 'sessions:read'],
  ['DELETE', `/admin/users/${UNKNOWN_ID}/sessions`, 'sessions:write'],
  ['GET', `/admin/users/${UNKNOWN_ID}/audit`, 'audit:read'],
]

t.test('opens each route with exactly one scope', async (t) => {
  const { admin } = await createAdminWorld(t)
  t.equal(adminRoutes.length, ROUTES.length, 'the list has every route')
  const document = (await admin.app.inject('/openapi.json')).json()
  for (const scope of ADMIN_SCOPES) {
    const key = await admin.newKey([scope])
    const others = await admin.newKey(ADMIN_SCOPES.filter((other) => other !== scope))
    for (const [method, url, demanded] of ROUTES) {
      const payload =
        url === '/admin/users' && method === 'POST' ? { username: scope, phone: '+12025550143' } : undefined
      const [alone, rest] = [
        await admin.call({ method, url, ...(payload && { payload }) }, key),
        await admin.call({ method, url, ...(payload && { payload: { ...payload, username: `no ${scope}` } }) }, others),
      ]
      const name = `${method} ${url} with ${scope}`
      if (demanded === scope) {
        t.not(alone.status, 403, name)
        t.match(rest, { status: 403, body: { code: 'forbidden', detail: new RegExp(scope) } }, `${name} missing`)
      } else {
        t.match(alone, { status: 403, body: { code: 'forbidden' } }, name)
      }
      const template = url.replace(UNKNOWN_ID, '{id}')
      t.strictSame(
        document.paths[template][method.toLowerCase()].security,
        [{ adminKey: [demanded] }],
        'the document names the scope',
      )
    }
  }
})

t.test('changes nothing for a key without the required scope', async (t) => {
  const { admin, addUser, sql } = await createAdminWorld(t)
  const id = await addUser('alice')
  const key = await admin.newKey(['users:read'])
  t.equal((await admin.post(`/admin/users/${id}/disable`, undefined, key)).status, 403)
  t.equal((await admin.remove(`/admin/users/${id}/sessions`, key)).status, 403)
  t.equal((await admin.post('/admin/users', { username: 'bob', phone: '+12025550144' }, key)).status, 403)
  t.strictSame(await sql('select username, disabled_at, auth_epoch from users'), [
    { username: 'alice', disabled_at: null, auth_epoch: 0 },
  ])
})

t.test('answers missing, wrong, expired and revoked keys alike', async (t) => {
  const { admin, sql } = await createAdminWorld(t)
  const [expired, revoked] = [await admin.newKey(undefined, 'expired'), await admin.newKey(undefined, 'revoked')]
  for (const key of [expired, revoked]) t.equal((await admin.get('/admin/users', key)).status, 200, 'the key is valid')
  await sql(`update admin_keys set expires_at = now() where name = 'expired'`)
  const [{ id }] = (await sql(`select admin_key_id as id from admin_keys where name = 'revoked'`)) as [{ id: string }]
  t.equal(await admin.keys.revoke(id), true)
  t.equal(await admin.keys.revoke(id), false, 'a second revocation changes nothing')

  const good = admin.key
  const wrong = [expired, revoked, newAdminKey(), good.slice(0, -1), good.toUpperCase(), `${good}A`, good.slice(4), 'x']
  const [first, ...others] = await Promise.all(wrong.map((key) => admin.get('/admin/users', key)))
  const { instance, ...body } = first!.body
  const { date: _, 'x-request-id': __, ...headers } = first!.headers
  t.match(first, { status: 401, body: { code: 'invalid_token' } })
  t.match(headers['www-authenticate'], /invalid_token/)
  for (const other of others) {
    t.match(other, { status: 401, body, headers })
    t.equal(Object.keys(other.body).length, Object.keys(first!.body).length)
  }
  t.match(await admin.get('/admin/users', null), { status: 401, body: { code: 'invalid_token' } })
  for (const authorization of ['Basic YTpi', good, `Bearer ${good} ${good}`, 'Bearer', `Bearer ${'a'.repeat(8_000)}`]) {
    const answer = await admin.call({ method: 'GET', url: '/admin/users', headers: { authorization } }, null)
    t.equal(answer.status, 401, authorization.slice(0, 20))
  }
})

t.test('stores only the hash of a key and records its use once a minute', async (t) => {
  const { admin, sql } = await createAdminWorld(t)
  t.match(admin.key, /^adm_[A-Za-z0-9_-]{43}$/)
  const state = async () => (await sql('select last_used_at, xmin::text as version, key_hash from admin_keys'))[0]!
  t.equal((await state())['last_used_at'], null)
  await Promise.all(Array.from({ length: 10 }, () => admin.get('/admin/users')))
  const used = await state()
  t.ok(used['last_used_at'])
  t.same(used['key_hash'], hashAdminKey(admin.key))
  for (let nth = 0; nth < 5; nth += 1) await admin.get('/admin/users')
  t.equal((await state())['version'], used['version'], 'no write within a minute')
  await sql(`update admin_keys set last_used_at = now() - interval '61 seconds'`)
  await admin.get('/admin/users')
  t.ok((await state())['last_used_at'], 'the use is recorded after a minute')
  t.ok(Date.now() - Number((await state())['last_used_at']) < 30_000)
})

t.test('records every call with key, route, user and outcome in the audit trail', async (t) => {
  const { admin, addUser, sql } = await createAdminWorld(t)
  const id = await addUser('alice')
  const reader = await admin.newKey(['users:read'], 'reader')
  const [{ old }] = (await sql(`select admin_key_id as old from admin_keys where name = 'reader'`)) as [{ old: string }]
  const created = await admin.post('/admin/users', { username: 'bob', phone: '+12025550144' })
  await admin.post('/admin/users', { username: 'BOB', phone: '+12025550144' })
  await admin.post('/admin/users', { username: 'carol' })
  await admin.get('/admin/users?q=ali')
  await admin.get(`/admin/users/${id}`)
  await admin.get(`/admin/users/${UNKNOWN_ID}`)
  for (const action of ['disable', 'enable', 'reset-factor']) await admin.post(`/admin/users/${id}/${action}`)
  await admin.get(`/admin/users/${id}/sessions`)
  await admin.remove(`/admin/users/${id}/sessions`)
  await admin.get(`/admin/users/${id}/audit`)
  await admin.remove(`/admin/users/${id}/sessions`, reader)
  await admin.keys.revoke(old)
  await admin.get(`/admin/users/${id}`, reader)
  await admin.get(`/admin/users/${id}`, newAdminKey())
  await admin.get(`/admin/users/${id}`, null)
  await admin.get('/admin/users/not-an-id', null)

  const users = '/admin/users'
  const one = `${users}/:id`
  const rows = (await admin.audited()).map(({ event, user_id, facts }) => {
    const { key, operation, outcome, reason } = facts as Record<string, string | undefined>
    return [event, key ?? null, operation, user_id, reason ?? outcome]
  })
  t.strictSame(rows, [
    ['admin_call', 'test', `POST ${users}`, created.body.id, 'ok'],
    ['admin_call', 'test', `POST ${users}`, null, 'username_taken'],
    ['admin_call', 'test', `POST ${users}`, null, 'validation_failed'],
    ['admin_call', 'test', `GET ${users}`, null, 'ok'],
    ['admin_call', 'test', `GET ${one}`, id, 'ok'],
    ['admin_call', 'test', `GET ${one}`, UNKNOWN_ID, 'not_found'],
    ['admin_call', 'test', `POST ${one}/disable`, id, 'ok'],
    ['admin_call', 'test', `POST ${one}/enable`, id, 'ok'],
    ['admin_call', 'test', `POST ${one}/reset-factor`, id, 'ok'],
    ['admin_call', 'test', `GET ${one}/sessions`, id, 'ok'],
    ['admin_call', 'test', `DELETE ${one}/sessions`, id, 'ok'],
    ['admin_call', 'test', `GET ${one}/audit`, id, 'ok'],
    ['admin_refused', 'reader', `DELETE ${one}/sessions`, id, 'scope'],
    ['admin_refused', 'reader', `GET ${one}`, id, 'revoked'],
    ['admin_refused', null, `GET ${one}`, id, 'unknown'],
    ['admin_refused', null, `GET ${one}`, id, 'no_key'],
    ['admin_refused', null, `GET ${one}`, null, 'no_key'],
  ])
  const [first] = await admin.audited()
  const [{ key_id: keyId }] = (await sql(`select admin_key_id as key_id from admin_keys where name = 'test'`)) as [
    { key_id: string },
  ]
  t.match(first, { address: '127.0.0.1', request_id: created.headers['x-request-id'], facts: { key_id: keyId } })
})

t.test('limits invalid keys by address without blocking a valid one', async (t) => {
  const { admin } = await createAdminWorld(t, { admin: { http: { rateLimit: true } } })
  const answers = []
  for (let nth = 0; nth < 25; nth += 1) answers.push(await admin.get('/admin/users', nth % 2 ? newAdminKey() : null))
  t.strictSame(
    answers.map(({ status }) => status),
    [...Array(20).fill(401), ...Array(5).fill(429)],
  )
  t.match(answers.at(-1), { body: { code: 'rate_limited' }, headers: { 'retry-after': /^\d+$/ } })
  t.equal((await admin.get('/admin/users')).status, 200)
  const from = (address: string) =>
    admin.call({ method: 'GET', url: '/admin/users', headers: { 'x-forwarded-for': address } }, null)
  t.equal((await from('192.0.2.1')).status, 401, 'another address has its own limit')
  const audited = await admin.audited()
  t.equal(audited.filter(({ event }) => event === 'admin_refused').length, 21, 'a flood does not fill the audit trail')
})

t.test('refuses a route with a missing or unknown scope', async (t) => {
  const { admin } = await createAdminWorld(t)
  const { createBareApp } = await import('../../src/http/bare-app.ts')
  const { createLogger } = await import('../../src/start/logger.ts')
  const attempt = async (config: object) => {
    const { app, limit } = await createBareApp({
      issuer: ISSUER,
      logger: createLogger('silent', { write: () => {} }),
      trustProxy: [],
      corsOrigins: [],
      rateLimit: false,
      everyRequest: 'admin',
    })
    t.teardown(() => app.close())
    guardRoutes(app, { keys: admin.keys, journal: () => {}, limit })
    app.get('/admin/new', { config: config as never }, async () => ({}))
    await app.ready()
  }
  await t.rejects(attempt({}), /\/admin\/new has no scope in its config/)
  await t.rejects(attempt({ scope: 'users:delete' }), /\/admin\/new has no scope in its config/)
  await t.resolves(attempt({ scope: 'users:read' }))
})

t.test('serves only its own routes on each listener', async (t) => {
  const world = await createAdminWorld(t)
  for (const url of ['/admin/users', `/admin/users/${UNKNOWN_ID}`, `/admin/users/${UNKNOWN_ID}/sessions`, '/admin']) {
    const headers = { authorization: `Bearer ${world.admin.key}` }
    t.match(await world.send({ method: 'GET', url, headers }), { status: 404, body: { code: 'not_found' } }, url)
  }
  t.equal((await world.post('/admin/users', { username: 'bob', phone: '+12025550144' })).status, 404)
  for (const url of ['/login', '/verify', '/resend', '/refresh', '/register']) {
    t.match(await world.admin.post(url, {}), { status: 404, body: { code: 'not_found' } }, url)
  }
  for (const url of ['/me', '/.well-known/jwks.json', '/health/live', '/docs', '/']) {
    t.equal((await world.admin.get(url)).status, 404, url)
  }
  const own = Object.keys((await world.admin.app.inject('/openapi.json')).json().paths)
  t.ok(own.length > 0 && own.every((path) => path.startsWith('/admin/')))
  const main = Object.keys((await world.app.inject('/openapi.json')).json().paths)
  t.ok(main.length > 0 && !main.some((path) => path.startsWith('/admin')))
})

t.test('answers wrong methods, media types and sizes with problems', async (t) => {
  const { admin } = await createAdminWorld(t)
  const wrong = await admin.call({ method: 'PUT', url: `/admin/users/${UNKNOWN_ID}` })
  t.match(wrong, { status: 405, headers: { allow: 'GET, HEAD' } })
  t.match(await admin.call({ method: 'DELETE', url: '/admin/users' }), {
    status: 405,
    body: { code: 'method_not_allowed' },
  })
  const headers = { 'content-type': 'text/plain' }
  const url = '/admin/users'
  t.equal((await admin.call({ method: 'POST', url, headers, payload: '{}' })).status, 415)
  const json = { 'content-type': 'application/json' }
  t.equal((await admin.call({ method: 'POST', url, headers: json, payload: '{' })).status, 400)
  t.equal((await admin.call({ method: 'POST', url, headers: json, payload: `"${'x'.repeat(9_000)}"` })).status, 413)
  const empty = await admin.call({ method: 'POST', url: `${url}/${UNKNOWN_ID}/enable`, headers: json, payload: '' })
  t.equal(empty.status, 404, 'an empty JSON body counts as no body')
  t.equal((await admin.call({ method: 'POST', url, headers: json, payload: '' })).status, 400)
  t.equal((await admin.call({ method: 'POST', url, headers: json, payload: '{"__proto__":{}}' })).status, 400)
  const latin = { 'content-type': 'application/json; charset=latin1' }
  t.equal((await admin.call({ method: 'POST', url, headers: latin, payload: '{}' })).status, 415)
  const origin = await admin.call({ method: 'GET', url, headers: { origin: 'https://app.example.com' } })
  t.equal(origin.headers['access-control-allow-origin'], undefined, 'no origin may read the response')
})

t.test('returns 503 and authorizes no call while the database is down', async (t) => {
  const { createDatabase } = await import('../../src/store/database.ts')
  const { createAdminKeyStore } = await import('../../src/store/users/admin-keys.ts')
  const away = createDatabase({ url: 'postgres://unknown@127.0.0.1:1/none', poolSize: 1, onIdleError: () => {} })
  t.teardown(() => away.close())
  const { admin } = await createAdminWorld(t, { admin: { keys: createAdminKeyStore(away) } })
  t.match(await admin.get('/admin/users'), { status: 503, body: { code: 'service_unavailable' } })
})
