import { readdirSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import t from 'tap'
import { createOutbox } from '../src/providers/development/outbox.ts'
import { providers } from '../src/providers/index.ts'
import { loadSettings } from '../src/settings/load.ts'
import { readDemoFiles } from '../src/start/demo-files.ts'
import { createDevelopment } from '../src/start/development.ts'
import { createWorld } from './support/app.ts'

const REAL = { SMS_PROVIDERS: 'crondock', SMS_COUNTRIES: 'US', CRONDOCK_API_KEY: 'test.not-a-real-key' }

const developmentWith = (env: Record<string, string>, demoUser?: { username: string; password: string }) =>
  createDevelopment(loadSettings({ env, providers }), {
    definitions: providers,
    outbox: createOutbox(Date.now),
    demoUser,
  })

t.test('serves the demo pages and an outbox for this machine alone by default', async (t) => {
  const { demo, outbox } = await developmentWith({}, { username: 'demo', password: 'let me in please' })
  t.equal(outbox?.isLocalOnly, true)
  t.match(demo?.get('index.html'), { type: 'text/html; charset=utf-8', body: '<h1>Sign in</h1>' })
  t.strictSame(JSON.parse(demo?.get('development.json')?.body ?? ''), {
    outbox: true,
    demo_user: { username: 'demo', password: 'let me in please' },
  })
})

t.test('serves no outbox by default beside a real provider, database or host', async (t) => {
  for (const env of [
    REAL,
    { ...REAL, SMS_PROVIDERS: 'console,crondock' },
    { DATABASE_URL: 'postgres://db.example.com/doorcode' },
    { HOST: '0.0.0.0' },
    { HOST: '192.168.1.7' },
    { DEV_OUTBOX: 'false' },
  ]) {
    const { demo, outbox } = await developmentWith(env)
    t.equal(outbox, undefined, JSON.stringify(env))
    t.strictSame(JSON.parse(demo?.get('development.json')?.body ?? ''), { outbox: false })
  }
  const asked = await developmentWith({ HOST: '0.0.0.0', SMS_PROVIDERS: 'outbox', DEV_OUTBOX: 'true' })
  t.equal(asked.outbox?.isLocalOnly, false)
})

t.test('serves no demo or outbox in production, and no demo where DEMO is false', async (t) => {
  const production = {
    ...REAL,
    NODE_ENV: 'production',
    ISSUER: 'https://auth.example.com',
    AUDIENCE: 'https://api.example.com',
    SECRET: 'only for tests: not a secret at all',
    JWT_KEYS_FILE: '/run/secrets/jwt-keys.json',
    DATABASE_URL: 'postgres://doorcode@db.example.com/doorcode',
  }
  t.strictSame(await developmentWith(production), { outbox: undefined, demo: undefined })
  t.equal((await developmentWith({ DEMO: 'false' })).demo, undefined)

  const world = await createWorld(t)
  for (const path of ['/demo', '/demo/', '/demo/app.ts', '/demo/development.json', '/dev/outbox', '/']) {
    t.match(await world.send({ method: 'GET', url: path, headers: { accept: 'text/html' } }), { status: 404 }, path)
  }
})

t.test('serves no demo when the package or image has no pages', async (t) => {
  t.equal(readDemoFiles(pathToFileURL(`${t.testdir({ src: {} })}/`)), undefined)
  t.equal(readDemoFiles(pathToFileURL(`${t.testdir({ demo: {} })}/`)), undefined)
})

t.test('serves the demo with a strict content security policy, and redirects browsers to it', async (t) => {
  const world = await createWorld(t, { app: { development: await developmentWith({}) } })
  const get = (url: string, accept = 'text/html,*/*;q=0.8') => world.send({ method: 'GET', url, headers: { accept } })
  for (const [path, type] of [
    ['', 'text/html'],
    ['app.ts', 'text/javascript'],
    ['client/index.ts', 'text/javascript'],
    ['demo.css', 'text/css'],
    ['icon.svg', 'image/svg+xml'],
  ]) {
    const { status, headers } = await get(`/demo/${path}`)
    t.match({ status, type: headers['content-type'] }, { status: 200, type }, `/demo/${path}`)
    const policy = headers['content-security-policy']
    t.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/)
    t.match(policy, /frame-ancestors 'none'; require-trusted-types-for 'script'/)
    t.notMatch(policy, /unsafe|http|data:|\*/)
  }
  t.match(await get('/demo'), { status: 302, headers: { location: 'demo/' } })
  t.match(await get('/'), { status: 302, headers: { location: 'demo/' } })
  t.match(
    await get('/', '*/*'),
    { status: 404, body: { code: 'not_found' } },
    'other clients get the problem of the API',
  )
  t.equal((await get('/demo/tsconfig.json')).status, 404)
})

t.test('protects the default outbox from foreign host names and from proxied requests', async (t) => {
  const world = await createWorld(t, { app: { development: await developmentWith({}) } })
  const ask = async (headers: Record<string, string>) =>
    (await world.app.inject({ url: '/dev/outbox', headers })).statusCode
  for (const host of ['localhost:3000', '127.0.0.1:3000', '127.0.0.1', '[::1]:3000']) t.equal(await ask({ host }), 200)
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:3000', '192.168.1.7:3000'])
    t.equal(await ask({ host }), 403, host)
  t.equal(await ask({ host: 'localhost:3000', 'x-forwarded-for': '203.0.113.7' }), 403)
  t.equal(await ask({ host: 'localhost:3000', forwarded: 'for=203.0.113.7' }), 403)
  t.equal(await ask({ host: 'localhost:3000', via: '1.1 proxy' }), 403)
  t.equal(await ask({ host: 'localhost:3000', 'x-real-ip': '203.0.113.7' }), 403)
  t.equal(await ask({ host: 'localhost:3000', 'sec-fetch-site': 'cross-site' }), 403)

  const open = await createWorld(t, {
    app: { development: await developmentWith({ SMS_PROVIDERS: 'outbox', DEV_OUTBOX: 'true' }) },
  })
  const { statusCode } = await open.app.inject({ url: '/dev/outbox', headers: { host: 'doorcode:3000' } })
  t.equal(statusCode, 200, 'with DEV_OUTBOX every address may read the outbox')
})

t.test('keeps the demo below 300 lines, and calls the API only through the client', async (t) => {
  const copied = readdirSync('demo').filter((name) => /\.(?:ts|html)$/.test(name) && name !== 'phone.ts')
  const texts = copied.map((name) => readFileSync(`demo/${name}`, 'utf8'))
  const lines = texts.join('').split('\n').length - 1
  t.ok(lines < 300, `${lines} lines`)
  for (const text of texts) t.notMatch(text, /\bfetch\(|XMLHttpRequest|innerHTML|localStorage/)
})
