import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkClocks } from '../../src/doctor/clock-check.ts'
import { checkCompanies, type LookedAtCompany } from '../../src/doctor/companies-check.ts'
import { checkCountries } from '../../src/doctor/countries-check.ts'
import { checkAdminPort, checkCors, checkEvents } from '../../src/doctor/exposure-check.ts'
import { runChecks } from '../../src/doctor/finding.ts'
import { checkGuard } from '../../src/doctor/guard-check.ts'
import { checkKeys } from '../../src/doctor/keys-check.ts'
import { realProbes } from '../../src/doctor/probes.ts'
import { checkProxy } from '../../src/doctor/proxy-check.ts'
import { checkRedis } from '../../src/doctor/redis-check.ts'
import { checkSecrets } from '../../src/doctor/secrets-check.ts'
import { checkSettings } from '../../src/doctor/settings-check.ts'
import { makeSecret } from '../../src/keys/key-files.ts'
import { generateKeySet } from '../../src/keys/key-set.ts'

const { modeOf, readKeys: read } = realProbes()
const NOW = Math.floor(Date.now() / 1000)
const DAY = 86_400

t.test('every fault of the settings is a finding, with the example as what to do', async (t) => {
  t.strictSame(checkSettings({ mode: undefined, faults: ['PORT must be … For example: 3000', 'SHORT'] }), [
    {
      level: 'fault',
      looked: 'all settings, as if NODE_ENV=production (it is not set)',
      found: 'PORT must be …',
      todo: 'For example: 3000',
    },
    {
      level: 'fault',
      looked: 'all settings, as if NODE_ENV=production (it is not set)',
      found: 'SHORT',
      todo: 'See the table of settings in README.md.',
    },
  ])
  t.match(checkSettings({ mode: 'production', faults: [] }), [{ level: 'ok', looked: 'all settings' }])
})

t.test('what a check throws is a fault of that check, and the others are run', async (t) => {
  const broken = () => {
    throw new Error('no such thing')
  }
  const found = await runChecks([
    { name: 'one', look: broken },
    { name: 'two', look: () => [{ level: 'ok', looked: 'x', found: 'y' }] },
  ])
  t.match(found, [
    { check: 'one', level: 'fault', found: 'This could not be looked at: no such thing.' },
    { check: 'two', level: 'ok' },
  ])
})

t.test('keys: who can read them, which signs, how old it is, what waits and what may go', async (t) => {
  const folder = t.testdir()
  const look = async (keys: object[], mode = 0o600, alg: 'EdDSA' | 'ES256' = 'EdDSA') => {
    const path = join(folder, 'keys.json')
    writeFileSync(path, JSON.stringify({ keys }))
    chmodSync(path, mode)
    return checkKeys({ path, inline: undefined, alg, now: NOW, read, modeOf })
  }
  const made = (days: number) => generateKeySet('EdDSA', { nbf: NOW - days * DAY }).keys[0]!
  t.match(await look([made(3)]), [
    { level: 'ok', found: 'Its owner alone can read it (mode 0600).' },
    { level: 'ok', found: /^1 key; \S+ \(EdDSA\) signs since \S+Z\.$/ },
  ])
  t.match((await look([made(3)], 0o644))[0], {
    level: 'warning',
    found: /Other users .* can read .* 0644/,
    todo: /chmod 600/,
  })
  t.match((await look([made(3)], 0o666))[0], { level: 'fault', found: /Others can change this file \(mode 0666\)/ })
  t.match((await look([made(800)]))[2], { level: 'warning', found: /2\.2 years old/, todo: /keys rotate/ })
  t.match((await look([made(3), made(-1)]))[2], { level: 'ok', found: /takes over at/ })
  t.match((await look([made(3), made(1)]))[2], {
    level: 'warning',
    found: /still accepted/,
    todo: 'Run: npx doorcode keys retire',
  })
  t.match((await look([made(3)], 0o600, 'ES256'))[1], { level: 'fault', found: /has no ES256 key/, todo: /keys new/ })
  t.match((await look([{ kid: 'x' }]))[1], { level: 'fault', found: /key 1 has no "alg"/ })
  const none = { path: undefined, inline: undefined, alg: 'EdDSA', now: NOW, read, modeOf } as const
  t.match(await checkKeys(none), [{ level: 'fault', found: 'There are no keys.' }])
  t.match(await checkKeys({ ...none, path: join(folder, 'nowhere.json') }), [{ level: 'fault', found: /ENOENT/ }])
  t.match(await checkKeys({ ...none, inline: JSON.stringify({ keys: [made(1)] }) }), [
    { level: 'ok' },
    { level: 'warning', found: 'A change of these keys takes a restart.' },
  ])
})

t.test('secrets: whether they are any, what is left of a rotation, and that none is shown', async (t) => {
  const good = makeSecret()
  const folder = t.testdir({ secret: good })
  const secretFile = join(folder, 'secret')
  chmodSync(secretFile, 0o600)
  const look = (secret: string | undefined, more = {}) =>
    checkSecrets({ secret, previous: undefined, secretFile: undefined, files: [], now: NOW, modeOf, ...more })
  t.match(look(good), [{ level: 'ok', found: `It is long enough and looks random (${good.length} characters).` }])
  for (const [secret, found] of [
    [undefined, /There is no secret/],
    ['short', /fewer than 32/],
    ['change-me-change-me-change-me-change-me', /looks like an example/],
    ['my-super-secret-key-for-doorcode-2026!', /looks like an example/],
    ['zyxwvzyxwvzyxwvu0987zyxwvzyxwvzyxw', /It repeats itself/],
  ] as const) {
    const [finding] = look(secret)
    t.match(finding, { level: 'fault', found, todo: /secret new/ })
    if (secret) t.notMatch(JSON.stringify(finding), secret)
  }
  t.match(look(good, { previous: good })[1], { level: 'warning', found: 'A former secret is still accepted.' })
  const files = [
    { name: 'SECRET_FILE', path: secretFile },
    { name: 'DATABASE_URL_FILE', path: join(folder, 'none') },
  ]
  t.match(look(good, { secretFile, files }).slice(1), [
    { level: 'ok', looked: `SECRET_FILE ${secretFile}` },
    { level: 'fault', looked: /^DATABASE_URL_FILE/, found: 'It cannot be looked at: ENOENT.' },
  ])
  const [first, second] = [makeSecret(), makeSecret()]
  writeFileSync(secretFile, `${first}\n2026-01-01T00:00:00Z ${second}\n`)
  const rotated = look(`${first}\n2026-01-01T00:00:00Z ${second}`, { secretFile })
  t.match(rotated[2], {
    level: 'warning',
    found: /The former \S+ is still accepted/,
    todo: 'Run: npx doorcode secret retire',
  })
  t.notMatch(JSON.stringify(rotated), first)
})

t.test('proxies: none behind TLS, all the world, and one that nobody named', async (t) => {
  const issuer = 'https://auth.example.com'
  const look = (ranges: string[], seen?: { requests: number; addresses: number; example: string }) =>
    checkProxy({ ranges, issuer, seen })
  t.match(look([]), [{ level: 'fault', found: /share one limit/, todo: /TRUST_PROXY=10/ }])
  for (const range of ['0.0.0.0/0', '::/0', '0.0.0.0/1'])
    t.match(look([range]), [{ level: 'fault', looked: `TRUST_PROXY=${range}`, found: /^Nearly everybody is believed/ }])
  t.match(look(['10.0.0.0/8', '192.168.1.7', 'fd00::/64']), [{ level: 'ok' }])
  t.match(look(['10.0.0.0/8'], { requests: 900, addresses: 1, example: '172.18.0.1' }), [
    { level: 'warning', found: /All 900 requests came from 172\.18\.0\.1/ },
  ])
  t.match(look(['10.0.0.0/8'], { requests: 900, addresses: 40, example: '172.18.0.1' }), [{ level: 'ok' }])
})

t.test('companies: real ones, two of them, whose credentials and receipts are tried', async (t) => {
  const asked: string[] = []
  const company = (name: string, more: object = {}): LookedAtCompany => ({
    definition: { name, real: true, receipts: 'signed', ...more } as never,
    provider: { readReceipt: () => ({}) } as never,
    probe: { url: `https://${name}.example/account`, headers: { authorization: 'Bearer hidden' } },
  })
  const look = (statuses: Record<string, number>, companies = [company('acme')]) =>
    checkCompanies({
      companies,
      unsound: [],
      issuer: 'https://auth.example.com',
      transport: async ({ url, headers }) => {
        asked.push(`${url} ${headers['authorization']}`)
        const status = statuses[new URL(url).hostname.split('.')[0]!]
        if (status === undefined) throw new Error('no answer')
        return { status, headers: {}, body: '' }
      },
      ask: async () => ({ status: statuses['receipts'] ?? 403, headers: {}, body: '', certificate: undefined }),
    })
  t.match(await look({ acme: 200, other: 200 }, [company('acme'), company('other')]), [
    { level: 'ok', found: /^2 companies/ },
    { level: 'ok', looked: 'SMS_PROVIDERS acme, acme.example' },
    { level: 'ok', looked: 'https://auth.example.com/webhooks/sms/acme' },
    { level: 'ok' },
    { level: 'ok' },
  ])
  t.strictSame(asked[0], 'https://acme.example/account Bearer hidden')
  t.match(await look({ acme: 401 }), [
    { level: 'warning', found: /^There is one company/ },
    { level: 'fault', found: 'The company refuses the credentials (HTTP 401).' },
    {},
  ])
  t.match((await look({ acme: 500 }))[1], { level: 'warning', found: /could not say .* \(HTTP 500\)/ })
  t.match((await look({}))[1], { level: 'warning', found: /cannot be reached/ })
  t.match((await look({ acme: 200, receipts: 404 }))[2], {
    level: 'fault',
    found: 'Receipts do not arrive (HTTP 404).',
  })
  t.match((await look({ acme: 200, receipts: 204 }))[2], { level: 'fault', found: /nobody signed was taken/ })
  const silent = [{ ...company('acme', { receipts: undefined }), probe: undefined }]
  t.match((await look({}, silent)).slice(1), [
    { level: 'warning', found: 'There is no harmless way to try its credentials.' },
    { level: 'ok', found: /^It sends none/ },
  ])
  t.match((await look({ acme: 200 }, [{ ...company('acme'), provider: {} as never }]))[2], {
    level: 'warning',
    found: /^None are asked for/,
  })
  t.match(await look({}, [company('console', { real: false })]), [{ level: 'fault', found: /^No real company/ }])
})

t.test('countries, prices and budgets: named, complete and not beyond what users can cause', async (t) => {
  const look = (change: object = {}) =>
    checkCountries({
      countries: ['US', 'CA'],
      priced: new Set(['US', 'CA']),
      messages: new Map([['*', 500]]),
      cost: new Map([['*', 50]]),
      users: 100,
      ...change,
    })
  t.strictSame(
    look().map(({ level }) => level),
    ['ok', 'ok', 'ok'],
  )
  t.match(look({ countries: [] })[0], { level: 'fault', found: 'No country is named.' })
  t.match(look({ countries: Array.from({ length: 60 }, () => 'US') })[0], { level: 'warning', found: /^60 countries/ })
  t.match(look({ priced: new Set(['US']) })[1], { level: 'fault', found: /^There is no price for CA/ })
  t.match(look({ priced: new Set(['*']) })[1], {
    level: 'ok',
    found: 'At most 50 a day, 1500 a month, in the currency of SMS_PRICES.',
  })
  t.match(look({ cost: new Map() })[1], { level: 'warning', found: 'Messages are limited, and money is not.' })
  t.match(look({ messages: new Map([['*', 20_000]]) })[2], {
    level: 'warning',
    found: /20000 messages .* for 100 users/,
  })
})

t.test('clocks: what the road and the resolution explain is no difference', async (t) => {
  const look = (time: Date | undefined, resolution = 1) =>
    checkClocks([{ looked: 'another', time, before: 10_000, after: 10_300, resolution }])[0]
  t.match(look(new Date(10_200)), { level: 'ok', found: 'They agree.' })
  t.match(look(new Date(9_000), 1_000), { level: 'ok' })
  t.match(look(new Date(7_000)), { level: 'warning', found: 'They differ by 3.0 s.' })
  t.match(look(new Date(90_000)), { level: 'fault', found: 'They differ by 79.7 s.' })
  t.match(look(undefined), { level: 'warning' })
})

t.test('Redis: not needed by one, missed by several, and tried where it is set', async (t) => {
  const look = (isSet: boolean, instances: number, ping = async () => {}) => checkRedis({ isSet, instances, ping })
  t.match(await look(false, 1), [{ level: 'ok' }])
  t.match(await look(false, 3), [{ level: 'warning', found: /^Instances run on 3 machines/ }])
  t.match(await look(true, 3), [{ level: 'ok', found: 'Redis answers.' }])
  t.match(await look(true, 3, () => realProbes().pingRedis('redis://:hidden@127.0.0.1:1')), [
    { level: 'fault', found: /^Redis does not answer: ECONNREFUSED/ },
  ])
})

t.test('the admin API, scripts of others and the webhook: what faces whom', async (t) => {
  const admin = (adminHost: string) => checkAdminPort({ adminPort: 3001, adminHost })
  t.match(checkAdminPort({ adminPort: undefined, adminHost: '127.0.0.1' }), [{ level: 'ok' }])
  for (const host of ['127.0.0.1', '10.0.0.5', '::1', 'localhost']) t.match(admin(host), [{ level: 'ok' }], host)
  t.match(admin('0.0.0.0'), [{ level: 'warning', found: /every address/ }])
  t.match(
    admin('203.0.113.7'),
    [{ level: 'warning' }].map(() => ({ found: /listens/ })),
  )

  t.match(checkCors({ corsOrigins: [] }), [{ level: 'ok' }])
  t.match(checkCors({ corsOrigins: ['https://app.example.com'] }), [{ level: 'ok' }])
  t.match(checkCors({ corsOrigins: ['http://localhost:5173'] }), [
    { level: 'warning', looked: 'CORS_ORIGINS=http://localhost:5173' },
  ])

  const events = (change: object) =>
    checkEvents({
      adminPort: undefined,
      adminHost: '',
      corsOrigins: [],
      eventsUrl: 'https://ops.example.com/secret-path',
      events: { abandoned: 0, waiting: 0 },
      now: Date.now(),
      ask: async () => ({
        status: 405,
        headers: {},
        body: '',
        certificate: { reason: undefined, validTo: new Date(Date.now() + 90 * DAY * 1000) },
      }),
      ...change,
    })
  t.match(await events({}), [{ level: 'ok', looked: 'EVENTS_WEBHOOK_URL https://ops.example.com' }])
  t.match(await events({ eventsUrl: undefined }), [{ level: 'warning', found: /^Nobody is told/ }])
  t.match((await events({ events: { abandoned: 2, waiting: 1 } }))[1], {
    level: 'warning',
    found: /^2 were given up and 1/,
  })
  const nobody = async () => {
    throw Object.assign(new Error('x'), { code: 'ECONNREFUSED' })
  }
  t.match(await events({ ask: nobody }), [{ level: 'fault', found: 'Nothing answers there: ECONNREFUSED.' }])
})

t.test('the guard: on, what it holds up, and which budgets run low', async (t) => {
  const budget = (scope: string, softAt: Date | null, hardAt: Date | null) => ({
    scope,
    messages: 9,
    cost: '1',
    softAt,
    hardAt,
  })
  t.match(checkGuard({ isOn: true, humanCheck: 'proof-of-work', state: { blocks: [], budgets: [] } }), [
    { level: 'ok' },
    { level: 'ok' },
  ])
  const state = {
    blocks: [{ target: '+1202555' } as never],
    budgets: [budget('*', new Date(), null), budget('US', new Date(), new Date())],
  }
  t.match(checkGuard({ isOn: false, humanCheck: 'off', state }), [
    { level: 'warning', looked: 'SMS_GUARD=false' },
    { level: 'warning', looked: 'HUMAN_CHECK=off' },
    { level: 'warning', found: 'Nothing is sent to +1202555.' },
    { level: 'warning', found: 'Used up: US.' },
    { level: 'warning', found: 'They run low: all.' },
  ])
})
