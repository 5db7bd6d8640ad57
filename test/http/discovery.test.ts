import { readFileSync, writeFileSync } from 'node:fs'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import t from 'tap'
import { generateKeySet, type KeySet } from '../../src/keys/key-set.ts'
import { AUDIENCE, createWorld, ISSUER, PASSWORD } from '../support/app.ts'
import { makeRotationFiles, startOverSocket } from '../support/rotation.ts'

const PATHS = ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']

t.test('lets verifiers cache keys and metadata for five minutes and revalidate by ETag', async (t) => {
  const files = makeRotationFiles(t)
  const { address, learn } = await startOverSocket(await createWorld(t), files)
  for (const path of PATHS) {
    const first = await fetch(`${address}${path}`)
    t.equal(first.status, 200)
    t.equal(first.headers.get('cache-control'), 'public, max-age=300')
    t.match(first.headers.get('content-type'), /^application\/json/)
    const etag = first.headers.get('etag')!
    t.match(etag, /^"[^"]+"$/)
    await first.text()
    const again = await fetch(`${address}${path}`, { headers: { 'if-none-match': etag } })
    t.strictSame([again.status, await again.text()], [304, ''])
    t.equal(again.headers.get('cache-control'), 'public, max-age=300')
    t.equal(again.headers.get('etag'), etag)
    const other = await fetch(`${address}${path}`, { headers: { 'if-none-match': '"other"' } })
    t.equal(other.status, 200)
    await other.text()
    t.equal((await fetch(`${address}${path}`, { method: 'HEAD' })).headers.get('etag'), etag)
  }
  const etagOf = async () => (await fetch(`${address}${PATHS[0]}`, { method: 'HEAD' })).headers.get('etag')
  const before = await etagOf()
  const { keys } = JSON.parse(readFileSync(files.keys, 'utf8')) as KeySet
  writeFileSync(files.keys, JSON.stringify({ keys: [...keys, ...generateKeySet('EdDSA', { nbf: 9e9 }).keys] }))
  await learn()
  t.not(await etagOf(), before, 'a changed key set has another ETag')
})

t.test('forbids caching of every other response, including errors of these routes', async (t) => {
  const world = await createWorld(t, { app: { http: { rateLimit: true } } })
  for (const path of ['/health/live', '/openapi.json', '/problems/not_found', '/docs', '/nowhere']) {
    const { headers } = await world.app.inject(path)
    t.equal(headers['cache-control'], 'no-store', path)
    t.notOk(headers['etag'], path)
  }
  for (const path of PATHS) {
    const wrong = await world.app.inject({ method: 'POST', url: path })
    t.strictSame([wrong.statusCode, wrong.headers['cache-control']], [405, 'no-store'])
  }
  let answer = await world.app.inject(PATHS[0]!)
  for (let call = 0; call < 400 && answer.statusCode === 200; call += 1) answer = await world.app.inject(PATHS[0]!)
  t.strictSame([answer.statusCode, answer.headers['cache-control']], [429, 'no-store'])
})

t.test('describes the service in the metadata and claims no OAuth flows', async (t) => {
  const world = await createWorld(t)
  for (const path of PATHS.slice(1)) {
    const { status, body } = await world.get(path)
    t.equal(status, 200)
    t.strictSame(body, {
      issuer: ISSUER,
      jwks_uri: `${ISSUER}/.well-known/jwks.json`,
      access_token_signing_alg_values_supported: ['EdDSA'],
      acr_values_supported: ['aal1', 'aal2'],
      response_types_supported: [],
      grant_types_supported: [],
      service_documentation: `${ISSUER}/docs`,
    })
  }
})

t.test('lets an API verify tokens with the published keys alone and refuse all others', async (t) => {
  const files = makeRotationFiles(t)
  const world = await createWorld(t)
  await world.addUser('alice')
  const { address, call } = await startOverSocket(world, files)
  const { body } = await call('/login', { body: { username: 'alice', password: PASSWORD } })
  const code = world.lastCode()
  const { access_token: token } = (await call('/verify', { body: { pending_token: body.pending_token, code } })).body
  const keys = createRemoteJWKSet(new URL(`${address}/.well-known/jwks.json`))
  const options = { issuer: ISSUER, audience: AUDIENCE, typ: 'at+jwt', algorithms: ['EdDSA'] }
  const { payload, protectedHeader } = await jwtVerify(token, keys, options)
  t.match(payload, { iss: ISSUER, aud: AUDIENCE, sub: /-/, client_id: 'test-client', acr: 'aal2' })
  t.match(protectedHeader, { alg: 'EdDSA', typ: 'at+jwt', kid: files.firstKey })

  const [head, claims, signature] = token.split('.')
  const raised = Buffer.from(JSON.stringify({ ...payload, sub: 'another user' })).toString('base64url')
  for (const [what, refused, change] of [
    ['altered', `${head}.${raised}.${signature}`, {}],
    ['with another signature', `${head}.${claims}.${'A'.repeat(86)}`, {}],
    ['of another audience', token, { audience: 'https://other.example.com' }],
    ['of another issuer', token, { issuer: 'https://evil.example.com' }],
    ['of another type', token, { typ: 'JWT' }],
    ['of another kind', body.pending_token, {}],
    ['expired', token, { currentDate: new Date(Date.now() + 600_000) }],
  ] as const) {
    await t.rejects(jwtVerify(refused, keys, { ...options, ...change }), { code: /^ERR_J/ }, what)
  }
})
