import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkClocks } from '../../src/doctor/clock-check.ts'
import { checkAdminPort, checkCors, checkEvents } from '../../src/doctor/exposure-check.ts'
import { runChecks } from '../../src/doctor/finding.ts'
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

t.test('reports every fault of the settings, with the example as advice', async (t) => {
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
      todo: 'See docs/settings.md.',
    },
  ])
  t.match(checkSettings({ mode: 'production', faults: [] }), [{ level: 'ok', looked: 'all settings' }])
})

t.test('reports an exception as a fault of its check, and runs the other checks', async (t) => {
  const broken = () => {
    throw new Error('no such thing')
  }
  const found = await runChecks([
    { name: 'one', look: broken },
    { name: 'two', look: () => [{ level: 'ok', looked: 'x', found: 'y' }] },
  ])
  t.match(found, [
    { check: 'one', level: 'fault', found: 'The check failed: no such thing.' },
    { check: 'two', level: 'ok' },
  ])
})

t.test('checks the access, signing key, age and leftovers of key files', async (t) => {
  const folder = t.testdir()
  const look = async (keys: object[], mode = 0o600, alg: 'EdDSA' | 'ES256' = 'EdDSA') => {
    const path = join(folder, 'keys.json')
    writeFileSync(path, JSON.stringify({ keys }))
    chmodSync(path, mode)
    return checkKeys({ path, inline: undefined, alg, now: NOW, read, modeOf })
  }
  const made = (days: number) => generateKeySet('EdDSA', { nbf: NOW - days * DAY }).keys[0]!
  t.match(await look([made(3)]), [
    { level: 'ok', found: 'Only its owner can read it (mode 0600).' },
    { level: 'ok', found: /^1 key; \S+ \(EdDSA\) signs since \S+Z\.$/ },
  ])
  t.match((await look([made(3)], 0o644))[0], {
    level: 'warning',
    found: /Other users .* can read .* 0644/,
    todo: /chmod 600/,
  })
  t.match((await look([made(3)], 0o666))[0], {
    level: 'fault',
    found: /Other users can change this file \(mode 0666\)/,
  })
  t.match((await look([made(800)]))[2], { level: 'warning', found: /2\.2 years old/, todo: /keys rotate/ })
  t.match((await look([made(3), made(-1)]))[2], { level: 'ok', found: /becomes active at/ })
  t.match((await look([made(3), made(1)]))[2], {
    level: 'warning',
    found: /still accepted/,
    todo: 'Run: npx doorcode keys retire',
  })
  t.match((await look([made(3)], 0o600, 'ES256'))[1], { level: 'fault', found: /has no ES256 key/, todo: /keys new/ })
  t.match((await look([{ kid: 'x' }]))[1], { level: 'fault', found: /key 1 has no "alg"/ })
  const none = { path: undefined, inline: undefined, alg: 'EdDSA', now: NOW, read, modeOf } as const
  t.match(await checkKeys(none), [{ level: 'fault', found: 'No keys are configured.' }])
  t.match(await checkKeys({ ...none, path: join(folder, 'nowhere.json') }), [{ level: 'fault', found: /ENOENT/ }])
  t.match(await checkKeys({ ...none, inline: JSON.stringify({ keys: [made(1)] }) }), [
    { level: 'ok' },
    { level: 'warning', found: 'A change of these keys needs a restart.' },
  ])
})

t.test('checks the strength and leftovers of secrets, and shows none', async (t) => {
  const good = makeSecret()
  const folder = t.testdir({ secret: good })
  const secretFile = join(folder, 'secret')
  chmodSync(secretFile, 0o600)
  const look = (secret: string | undefined, more = {}) =>
    checkSecrets({ secret, previous: undefined, secretFile: undefined, files: [], now: NOW, modeOf, ...more })
  t.match(look(good), [{ level: 'ok', found: `It is long enough and looks random (${good.length} characters).` }])
  for (const [secret, found] of [
    [undefined, /The secret is not set/],
    ['short', /fewer than 32/],
    ['change-me-change-me-change-me-change-me', /looks like an example/],
    ['my-super-secret-key-for-doorcode-2026!', /looks like an example/],
    ['zyxwvzyxwvzyxwvu0987zyxwvzyxwvzyxw', /It repeats characters/],
  ] as const) {
    const [finding] = look(secret)
    t.match(finding, { level: 'fault', found, todo: /secret new/ })
    if (secret) t.notMatch(JSON.stringify(finding), secret)
  }
  t.match(look(good, { previous: good })[1], { level: 'warning', found: 'A previous secret is still accepted.' })
  const files = [
    { name: 'SECRET_FILE', path: secretFile },
    { name: 'DATABASE_URL_FILE', path: join(folder, 'none') },
  ]
  t.match(look(good, { secretFile, files }).slice(1), [
    { level: 'ok', looked: `SECRET_FILE ${secretFile}` },
    { level: 'fault', looked: /^DATABASE_URL_FILE/, found: 'The file cannot be read: ENOENT.' },
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

t.test('checks TRUST_PROXY for a missing proxy, ranges that are too wide and unlisted proxies', async (t) => {
  const issuer = 'https://auth.example.com'
  const look = (ranges: string[], seen?: { requests: number; addresses: number; example: string }) =>
    checkProxy({ ranges, issuer, seen })
  t.match(look([]), [{ level: 'fault', found: /share one rate limit/, todo: /TRUST_PROXY=10/ }])
  for (const range of ['0.0.0.0/0', '::/0', '0.0.0.0/1'])
    t.match(look([range]), [
      { level: 'fault', looked: `TRUST_PROXY=${range}`, found: /^Almost every address is trusted/ },
    ])
  t.match(look(['10.0.0.0/8', '192.168.1.7', 'fd00::/64']), [{ level: 'ok' }])
  t.match(look(['10.0.0.0/8'], { requests: 900, addresses: 1, example: '172.18.0.1' }), [
    { level: 'warning', found: /All 900 requests came from 172\.18\.0\.1/ },
  ])
  t.match(look(['10.0.0.0/8'], { requests: 900, addresses: 40, example: '172.18.0.1' }), [{ level: 'ok' }])
})

t.test('ignores clock differences within the network delay and the resolution', async (t) => {
  const look = (time: Date | undefined, resolution = 1) =>
    checkClocks([{ looked: 'another', time, before: 10_000, after: 10_300, resolution }])[0]
  t.match(look(new Date(10_200)), { level: 'ok', found: 'They agree.' })
  t.match(look(new Date(9_000), 1_000), { level: 'ok' })
  t.match(look(new Date(7_000)), { level: 'warning', found: 'They differ by 3.0 s.' })
  t.match(look(new Date(90_000)), { level: 'fault', found: 'They differ by 79.7 s.' })
  t.match(look(undefined), { level: 'warning' })
})

t.test('checks Redis, which only several instances need', async (t) => {
  const look = (isSet: boolean, instances: number, ping = async () => {}) => checkRedis({ isSet, instances, ping })
  t.match(await look(false, 1), [{ level: 'ok' }])
  t.match(await look(false, 3), [{ level: 'warning', found: /^Instances run on 3 machines/ }])
  t.match(await look(true, 3), [{ level: 'ok', found: 'Redis responds.' }])
  t.match(await look(true, 3, () => realProbes().pingRedis('redis://:hidden@127.0.0.1:1')), [
    { level: 'fault', found: /^Redis does not respond: ECONNREFUSED/ },
  ])
})

t.test('checks the exposure of the admin API, CORS origins and the events webhook', async (t) => {
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
  t.match(await events({ eventsUrl: undefined }), [{ level: 'warning', found: /^You receive no events/ }])
  t.match((await events({ events: { abandoned: 2, waiting: 1 } }))[1], {
    level: 'warning',
    found: /^2 were abandoned, and 1/,
  })
  const refuse = async () => {
    throw Object.assign(new Error('x'), { code: 'ECONNREFUSED' })
  }
  t.match(await events({ ask: refuse }), [{ level: 'fault', found: 'The webhook does not respond: ECONNREFUSED.' }])
})
