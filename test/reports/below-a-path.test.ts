import t from 'tap'
import { createClient } from '../../client/src/index.ts'
import { generateKeySet, readKeySet } from '../../src/keys/key-set.ts'
import { fixedRing } from '../../src/keys/ring.ts'
import { deriveSecrets } from '../../src/keys/secrets.ts'
import { AUDIENCE, createWorld, PASSWORD, type WorldOptions } from '../support/app.ts'
import { createDemoWorld } from '../support/demo-world.ts'
import { startPathProxy } from '../support/path-proxy.ts'

/** Returns the options of an app with this issuer. */
const ofIssuer = (issuer: string): NonNullable<WorldOptions['app']> => ({
  http: { refreshCookie: true },
  tokens: {
    issuer,
    audience: AUDIENCE,
    clientId: 'test-client',
    accessTtl: 600,
    pendingTtl: 600,
    secrets: fixedRing([{ ...deriveSecrets('only for tests: not a secret at all'), from: 0 }]),
    keys: fixedRing(readKeySet(JSON.stringify(generateKeySet('EdDSA')), 'EdDSA')),
    now: Date.now,
  },
})

/** Returns the URLs of all links of a page, as a browser at `address` resolves them. */
const addressesOn = (page: string, address: string) =>
  [...page.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, link = '']) => new URL(link, address).href)

t.test('keeps all links of pages below the path of the issuer', async (t) => {
  const world = await createDemoWorld(t)
  const address = await startPathProxy(t, world.address)
  for (const path of [
    '/',
    '/docs',
    '/docs/',
    '/docs?x=1',
    '/docs/?x=1',
    '/docs/static/index.html',
    '/demo',
    '/demo/',
    '/problems',
    '/problems/forbidden',
  ]) {
    const response = await fetch(address + path, { headers: { accept: 'text/html' } })
    t.equal(response.status, 200, path)
    t.ok(response.url.startsWith(`${address}/`), `${path} leads to ${response.url}`)
    for (const link of addressesOn(await response.text(), response.url)) {
      const { status } = link.startsWith('data:') ? { status: 200 } : await fetch(link)
      t.equal(status, 200, `${path} links to ${link}`)
    }
  }
  const { servers } = JSON.parse(await (await fetch(`${address}/docs/json`)).text())
  t.equal(
    new URL(servers[0].url, `${address}/docs/json`).href,
    `${address}/`,
    'the document names a server below the path',
  )
})

t.test('keeps the client, problem types, cookies and metadata below the path of the issuer', async (t) => {
  const world = await createWorld(t)
  const issuer = 'https://x.example.com/auth'
  const { app } = await world.startInstance({ app: ofIssuer(issuer) })
  const address = await startPathProxy(t, await app.listen({ host: '127.0.0.1', port: 0 }))
  await world.addUser('alice')

  const client = createClient({ url: address })
  const refused = await client.login({ username: 'alice', password: 'wrong' })
  t.match(refused, { problem: { type: `${issuer}/problems/invalid_credentials` } })
  const page = await fetch(`${issuer}/problems/invalid_credentials`.replace(issuer, address))
  t.match(await page.json(), { code: 'invalid_credentials' }, 'the type resolves to its page')

  const begun = await client.login({ username: 'alice', password: PASSWORD })
  const { pending_token } = (begun as { data: { pending_token: string } }).data
  world.keepSecret(pending_token)
  const verified = await fetch(`${address}/verify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ pending_token, code: world.lastCode() }),
  })
  const [cookie = ''] = verified.headers.getSetCookie()
  t.match(cookie, /^__Secure-doorcode-refresh=[^;]+; .*Path=\/auth; HttpOnly; Secure; SameSite=Strict$/)
  const token = cookie.split(/[=;]/)[1]!
  world.keepSecret(token)
  const renewed = await fetch(`${address}/refresh`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: cookie.split(';')[0]! },
  })
  t.equal(renewed.status, 200)
  for (const one of renewed.headers.getSetCookie()) world.keepSecret(one.split(/[=;]/)[1]!)
  const { access_token } = JSON.parse(await renewed.text())
  world.keepSecret(access_token)

  const metadata = { issuer, jwks_uri: `${issuer}/.well-known/jwks.json`, service_documentation: `${issuer}/docs` }
  for (const url of [
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
    // The locations of RFC 8414 §3.1, which a proxy forwards unchanged.
    '/.well-known/oauth-authorization-server/auth',
    '/.well-known/openid-configuration/auth',
  ]) {
    const { statusCode, headers, body } = await app.inject(url)
    t.equal(statusCode, 200, url)
    t.match(headers['cache-control'], 'public, max-age=300')
    t.match(JSON.parse(body), metadata)
  }
  t.equal((await app.inject('/.well-known/oauth-authorization-server/other')).statusCode, 404)
})
