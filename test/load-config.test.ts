import { join } from 'node:path'
import { inspect } from 'node:util'
import t from 'tap'
import { providers } from '../src/providers/index.ts'
import { loadSettings, type SettingsSource } from '../src/settings/load.ts'
import { readSettings } from '../src/settings/read.ts'
import { SettingsError } from '../src/settings/reader.ts'
import { SettingsSchema } from '../src/settings/schema.ts'

type Env = Record<string, string>

const SECRET = 'only for tests: not a secret at all'
const OTHER_SECRET = 'only for tests: no secret either ...'

/** The settings that production requires. */
const PRODUCTION: Env = {
  NODE_ENV: 'production',
  ISSUER: 'https://auth.example.com',
  AUDIENCE: 'https://api.example.com',
  SECRET,
  JWT_KEYS_FILE: '/run/secrets/jwt-keys.json',
  DATABASE_URL: 'postgres://doorcode@db.example.com/doorcode',
  SMS_PROVIDERS: 'crondock',
  SMS_COUNTRIES: 'US,CA',
  CRONDOCK_API_KEY: 'test.not-a-real-key',
}

const load = (env: Env, readFile?: SettingsSource['readFile']) =>
  loadSettings({ env, providers, ...(readFile && { readFile }) })

/** Returns the faults in the settings that `read` reads, or an empty list. */
const faultsIn = (read: () => unknown): readonly string[] => {
  try {
    read()
  } catch (error) {
    if (error instanceof SettingsError) return error.faults
    throw error
  }
  return []
}

const faultsOf = (env: Env, readFile?: SettingsSource['readFile']) => faultsIn(() => load(env, readFile))

/** Returns the names of the settings that these faults concern, each once. */
const namesIn = (faults: readonly string[]) => [...new Set(faults.map((fault) => /^[A-Z_]+/.exec(fault)?.[0]))]

const without = (env: Env, name: string): Env => Object.fromEntries(Object.entries(env).filter(([key]) => key !== name))

t.test('uses the documented defaults without any setting', async (t) => {
  t.same(load({}), {
    NODE_ENV: 'development',
    HOST: '127.0.0.1',
    PORT: 3_000,
    CLIENT_ID: 'doorcode',
    SERVICE_NAME: 'Doorcode',
    JWT_ALGORITHM: 'EdDSA',
    ACCESS_TOKEN_TTL: 600,
    DATABASE_POOL_SIZE: 10,
    REFRESH_TOKEN_TTL: 86_400,
    REFRESH_IDLE_TTL: 3_600,
    DEVICE_TOKEN_TTL: 2_592_000,
    STEP_UP_MAX_AGE: 600,
    REFRESH_COOKIE: false,
    REGISTRATION: 'closed',
    RECOVERY_HELP: 'A password cannot be reset here. Ask the operator of this service.',
    SMS_PROVIDERS: ['console'],
    SMS_PRICES: [],
    SMS_COUNTRIES: [],
    SMS_VOIP: true,
    SMS_BUDGET_MESSAGES: ['all=20000', 'each=5000'],
    SMS_BUDGET_COST: [],
    SMS_GUARD: true,
    SMS_GUARD_LIMITS: [
      'user.perHour=5',
      'number.perHour=5',
      'number.perDay=10',
      'address.perHour=10',
      'network.perHour=40',
    ],
    SMS_SAFE_NUMBERS: [],
    HUMAN_CHECK: 'proof-of-work',
    SMS_LOCALES: [],
    SCENARIO_NUMBERS: [],
    CODE_LENGTH: 6,
    CODE_TTL: 300,
    RESEND_COOLDOWN: 30,
    RATE_LIMIT: true,
    TRUST_PROXY: [],
    CORS_ORIGINS: [],
    LOG_LEVEL: 'info',
    AUDIT_RETENTION: 90,
    CHALLENGE_RETENTION: 1,
    SESSION_RETENTION: 7,
    LEDGER_RETENTION: 90,
    ADMIN_HOST: '127.0.0.1',
    NO_PROXY: [],
    DATA_DIR: '.data',
    SHUTDOWN_DELAY: 0,
  })
})

t.test('converts settings to their types, and trims lists and drops their empty items', async (t) => {
  const settings = load({
    PORT: '0',
    RATE_LIMIT: 'false',
    CODE_LENGTH: ' 8 ',
    SMS_COUNTRIES: 'US, CA,,JM ,',
    CORS_ORIGINS: 'https://app.example.com,http://localhost:5173',
    TRUST_PROXY: '10.0.0.0/8, 192.168.1.7, ::1, fd00::/8',
    JWT_ALGORITHM: 'ES256',
  })
  t.has(settings, {
    PORT: 0,
    RATE_LIMIT: false,
    CODE_LENGTH: 8,
    SMS_COUNTRIES: ['US', 'CA', 'JM'],
    CORS_ORIGINS: ['https://app.example.com', 'http://localhost:5173'],
    TRUST_PROXY: ['10.0.0.0/8', '192.168.1.7', '::1', 'fd00::/8'],
    JWT_ALGORITHM: 'ES256',
  })
})

t.test('treats an empty setting as unset', async (t) => {
  t.same(load({ PORT: '', SECRET: '  ', SMS_PROVIDERS: ' ', LOG_LEVEL: '\t', SECRET_FILE: '' }), load({}))
})

t.test('ignores variables of other programs', async (t) => {
  t.same(load({ PATH: '/bin', PORTS: 'x', TWILIO_URL: 'nonsense', CRONDOCK_URL: 'nonsense' }), load({}))
})

/** Values that each setting rejects, and a pattern for the fault. */
const WRONG: Record<string, { values: string[]; says: RegExp }> = {
  REFRESH_TOKEN_TTL: { values: ['599', '1d', '2592001'], says: /must be/ },
  REFRESH_IDLE_TTL: { values: ['299', '1h'], says: /must be/ },
  DEVICE_TOKEN_TTL: { values: ['3599', '30d'], says: /must be/ },
  STEP_UP_MAX_AGE: { values: ['59', '3601'], says: /must be/ },
  REFRESH_COOKIE: { values: ['yes', '1'], says: /must be/ },
  REGISTRATION: { values: ['yes', 'invited'], says: /must be/ },
  PASSWORD_BREACH_URL: {
    values: ['api.pwnedpasswords.com', 'http://api.pwnedpasswords.com/range', 'https://a b', 'https://u:p@a.example'],
    says: /must be (?!a whole number|one of)/,
  },
  RECOVERY_HELP: { values: ['x'.repeat(501)], says: /must not have more than 500 characters/ },
  PORT: {
    values: ['http', '-1', '3.5', '65536', '0x10', '1e3', '9'.repeat(30)],
    says: /must be a whole number from 0 to 65535, not/,
  },
  ISSUER: {
    values: [
      'auth.example.com',
      'https://auth.example.com/',
      'https://a.example?x=1',
      'https://a b',
      'ftp://a.example',
      'https://',
    ],
    says: /must be (?!a whole number|one of)/,
  },
  SERVICE_NAME: { values: ['Zoë', 'A'.repeat(21), 'a\nb', 'a"b'], says: /must be (?!a whole number|one of)/ },
  SECRET: { values: ['x'.repeat(31)], says: /fewer than 32/ },
  SECRET_PREVIOUS: { values: ['x'.repeat(31)], says: /fewer than 32/ },
  JWT_KEYS: { values: ['keys.json', '[]', '{'], says: /must be (?!a whole number|one of)/ },
  JWT_ALGORITHM: { values: ['none', 'HS256', 'RS256', 'es256'], says: /EdDSA.*ES256/ },
  ACCESS_TOKEN_TTL: { values: ['59', '3601', '10m'], says: /must be a whole number (?:of [a-z]+ )?from \d+ to \d+/ },
  DATABASE_URL: {
    values: ['mysql://db.example.com/x', 'db.example.com', 'file:db'],
    says: /must be (?!a whole number|one of)/,
  },
  DATABASE_POOL_SIZE: { values: ['0', '101', 'many'], says: /must be a whole number (?:of [a-z]+ )?from \d+ to \d+/ },
  REDIS_URL: { values: ['http://cache.example.com', 'cache:6379'], says: /must be (?!a whole number|one of)/ },
  SMS_PROVIDERS: {
    values: ['acme', 'console,acme', 'Console', ',', 'acme-sms', 'console;outbox', 'console,@acme', 'my_provider'],
    says: /names the unknown provider|must name a provider/,
  },
  SMS_COUNTRIES: {
    values: ['us', 'USA', 'XX', 'US,ZZ', '1', 'US CA'],
    says: /must be country codes of two capital letters|not a country code/,
  },
  SMS_ROUTES: {
    values: ['US', 'US=acme', 'usa=console', 'US=console;US=console'],
    says: /For example|which is not in SMS_PROVIDERS|twice/,
  },
  SMS_PRICES: { values: ['US', 'US=free', 'US=1,CA', 'US:fax=1'], says: /which is not COUNTRY=PRICE. For example/ },
  SMS_VOIP: { values: ['yes', '1'], says: /must be true or false/ },
  SMS_BUDGET_MESSAGES: { values: ['many', 'all=', 'us=5', 'all=1.5', 'all=1=2', 'each=-1'], says: /For example: all=/ },
  SMS_BUDGET_COST: { values: ['5', 'all=five', 'usa=5', 'all=1.1234567'], says: /For example: all=/ },
  SMS_GUARD: { values: ['off', '0'], says: /must be true or false/ },
  SMS_GUARD_LIMITS: {
    values: [
      '50',
      'address=50',
      'address.perHour',
      'address.perDay=5',
      'address.perHour=0',
      'address.perHour=1.5',
      'budget.soft=2',
    ],
    says: /There are: user\.perHour|takes .*For example: address\.perHour=50/,
  },
  SMS_SAFE_NUMBERS: { values: ['12025550143', '+0', '+1 202 555 0143'], says: /must be (?!a whole number|one of)/ },
  HUMAN_CHECK: { values: ['captcha', 'none', 'Turnstile'], says: /proof-of-work.*turnstile.*hcaptcha.*off/ },
  NUMBER_INTELLIGENCE: { values: ['twilio', 'off'], says: /twilio-lookup/ },
  SCENARIO_NUMBERS: { values: ['all', '+12025550150', '+12025550150=lost', '+12025550155=code'], says: /For example/ },
  ANDROID_APP_HASH: {
    values: ['FA+9qCX9VS', 'FA+9qCX9VSu=', 'FA-9qCX9VSu'],
    says: /must be (?!a whole number|one of)/,
  },
  SMS_LOCALES: { values: ['english!', 'en_GB', 'x'], says: /must be (?!a whole number|one of)/ },
  SMS_DOMAIN: {
    values: ['https://example.com', 'Example.com', 'a'.repeat(41), 'bücher.example', 'a b'],
    says: /must be (?!a whole number|one of)/,
  },
  CODE_LENGTH: { values: ['5', '9', 'six'], says: /must be a whole number (?:of [a-z]+ )?from \d+ to \d+/ },
  CODE_TTL: { values: ['59', '601'], says: /must be a whole number of seconds from \d+ to \d+/ },
  RESEND_COOLDOWN: { values: ['-1', '601'], says: /must be a whole number of seconds from 0 to 600/ },
  DEMO: { values: ['yes', '1', 'TRUE'], says: /must be true or false/ },
  DEV_OUTBOX: { values: ['yes', '1', 'TRUE'], says: /must be true or false/ },
  RATE_LIMIT: { values: ['off', '0', 'False'], says: /must be true or false/ },
  TRUST_PROXY: {
    values: ['true', '1', 'loopback', '10.0.0.0/33', '10.0.0.0/', '10.0.0/8', '::1/129', '*', '10.0.0.1/8/8'],
    says: /not an address/,
  },
  CORS_ORIGINS: {
    values: ['*', 'https://*.example.com', 'app.example.com', 'https://app.example.com/login', 'null'],
    says: /must be (?!a whole number|one of)/,
  },
  LOG_LEVEL: { values: ['loud', 'INFO', '30'], says: /fatal.*error.*warn.*info.*debug.*trace.*silent/ },
  AUDIT_RETENTION: {
    values: ['0', '3651', '90d', '1.5'],
    says: /must be a whole number (?:of [a-z]+ )?from \d+ to \d+/,
  },
  CHALLENGE_RETENTION: {
    values: ['0', '3651', '1d', '0.5'],
    says: /must be a whole number (?:of [a-z]+ )?from \d+ to \d+/,
  },
  SESSION_RETENTION: { values: ['0', '3651', 'week'], says: /must be a whole number (?:of [a-z]+ )?from \d+ to \d+/ },
  LEDGER_RETENTION: { values: ['0', '30', '3651'], says: /must be a whole number (?:of [a-z]+ )?from \d+ to \d+/ },
  ADMIN_PORT: { values: ['http', '-1', '65536', '0x10'], says: /must be a whole number from 0 to 65535, not/ },
  EVENTS_WEBHOOK_URL: {
    values: [
      'http://ops.example.com/',
      'http://localhost.example.com/',
      'http://127.0.0.1.example.com/',
      'http://127.0.0.1@ops.example.com/',
      'https://user:password@ops.example.com/',
      'https://ops.example.com/#events',
      'https://ops.example.com/a b',
      'https://',
      'https:///events',
      'https://ops.example.com:99999/',
      'ops.example.com',
      'ftp://ops.example.com/',
    ],
    says: /must be an https URL|is not a valid URL/,
  },
  EVENTS_WEBHOOK_SECRET: {
    values: [
      'a'.repeat(44),
      `whsec_${'a'.repeat(31)}`,
      `whsec_${'-'.repeat(44)}`,
      `whsec_${'a'.repeat(42)}===`,
      'whsec_',
    ],
    says: /must be (?!a whole number|one of)/,
  },
  HTTPS_PROXY: {
    values: ['ftp://proxy:1080', 'http://proxy:99999', 'http://a b', 'http://proxy/path', 'http://a%@proxy'],
    says: /must be the URL of a proxy/,
  },
  HTTP_PROXY: { values: ['://', 'http://'], says: /must be the URL of a proxy/ },
  SHUTDOWN_DELAY: { values: ['-1', '61', '5s'], says: /must be a whole number of seconds from 0 to 60/ },
}

/** Settings that accept any text. */
const FREE = [
  'NODE_ENV',
  'HOST',
  'ADMIN_HOST',
  'AUDIENCE',
  'CLIENT_ID',
  'JWT_KEYS_FILE',
  'DATA_DIR',
  'SMS_TEXTS_FILE',
  'NO_PROXY',
]

t.test('covers every setting with invalid values, except those that accept any text', async (t) => {
  t.same([...Object.keys(WRONG), ...FREE].sort(), Object.keys(SettingsSchema.properties).sort())
})

for (const [name, { values, says }] of Object.entries(WRONG)) {
  t.test(`reports an invalid ${name} by name, with the reason and an example`, async (t) => {
    for (const value of values) {
      const faults = faultsOf({ [name]: value })
      t.same(namesIn(faults), [name], JSON.stringify(value))
      t.match(faults.join(' '), says)
      for (const fault of faults) t.match(fault, / For example: \S/)
    }
  })
}

t.test('reports all faults at once', async (t) => {
  const env = Object.fromEntries(Object.entries(WRONG).map(([name, { values }]) => [name, values[0]!]))
  const faults = faultsOf(env)
  t.same(namesIn(faults).sort(), Object.keys(WRONG).sort())
  t.throws(() => load(env), { name: 'SettingsError', message: /PORT[\s\S]*LOG_LEVEL[\s\S]*TRUST_PROXY/ })
})

t.test('reads a secret from the file in NAME_FILE, without the trailing newline', async (t) => {
  const dir = t.testdir({
    secret: `${SECRET}\n`,
    database: 'postgres://db.example.com/doorcode\n',
    key: ' test.not-a-real-key \n',
  })
  const settings = load({
    SECRET_FILE: join(dir, 'secret'),
    DATABASE_URL_FILE: join(dir, 'database'),
    CRONDOCK_API_KEY_FILE: join(dir, 'key'),
    SMS_PROVIDERS: 'crondock',
    SMS_COUNTRIES: 'US',
  })
  t.has(settings, {
    SECRET,
    DATABASE_URL: 'postgres://db.example.com/doorcode',
    CRONDOCK_API_KEY: 'test.not-a-real-key',
  })
})

t.test('accepts NAME_FILE for every secret, and for no other setting', async (t) => {
  const all = {
    ...SettingsSchema.properties,
    ...providers.find(({ name }) => name === 'crondock')!.settings.properties,
  }
  const read: string[] = []
  const env = Object.fromEntries(Object.keys(all).map((name) => [`${name}_FILE`, `/files/${name}`]))
  faultsOf({ ...env, SMS_PROVIDERS: 'crondock', SMS_COUNTRIES: 'US' }, (path) => {
    read.push(path)
    return ''
  })
  t.same(
    read.sort(),
    [
      'CRONDOCK_API_KEY',
      'DATABASE_URL',
      'EVENTS_WEBHOOK_SECRET',
      'HTTPS_PROXY',
      'HTTP_PROXY',
      'REDIS_URL',
      'SECRET',
      'SECRET_PREVIOUS',
    ].map((name) => `/files/${name}`),
  )
})

t.test('reports an unreadable file with its setting', async (t) => {
  const faults = faultsOf({ SECRET_FILE: join(t.testdir(), 'none') })
  t.equal(faults.length, 1)
  t.match(
    faults[0],
    /^SECRET_FILE cannot be read: the file does not exist: .*\. For example: SECRET_FILE=\/run\/secrets\/secret$/,
  )
})

t.test('reports invalid content of a file like an invalid setting', async (t) => {
  t.match(
    faultsOf({ SECRET_FILE: '/files/secret' }, () => 'too short'),
    [/^SECRET must not have fewer than 32/],
  )
})

t.test('rejects a setting together with its NAME_FILE, since one would be ignored', async (t) => {
  for (const value of [SECRET, OTHER_SECRET]) {
    t.same(
      faultsOf({ SECRET: value, SECRET_FILE: '/files/secret' }, () => SECRET),
      ['SECRET and SECRET_FILE are both set: remove one of them. For example: the output of: openssl rand -base64 33'],
    )
  }
})

t.test('requires exactly the documented settings in production', async (t) => {
  t.same(faultsOf(PRODUCTION), [])
  for (const name of [
    'ISSUER',
    'AUDIENCE',
    'SECRET',
    'JWT_KEYS_FILE',
    'DATABASE_URL',
    'SMS_PROVIDERS',
    'SMS_COUNTRIES',
    'CRONDOCK_API_KEY',
  ]) {
    const faults = faultsOf(without(PRODUCTION, name))
    t.equal(faults.length, 1, `${name}: ${faults.join(' ')}`)
    t.match(faults[0], new RegExp(`^${name}\\b.* is missing: .+ For example: \\S`))
    t.same(faultsOf({ ...PRODUCTION, [name]: ' ' }), faults, `${name} is empty`)
  }
})

t.test('reports all missing settings of production at once', async (t) => {
  const faults = faultsOf({ NODE_ENV: 'production' })
  t.same(namesIn(faults).sort(), ['AUDIENCE', 'DATABASE_URL', 'ISSUER', 'JWT_KEYS_FILE', 'SECRET', 'SMS_PROVIDERS'])
  for (const fault of faults) t.match(fault, /is missing/)
})

t.test('takes the signing keys either from a file or from the environment', async (t) => {
  const inline = without({ ...PRODUCTION, JWT_KEYS: '{"keys":[]}' }, 'JWT_KEYS_FILE')
  t.same(faultsOf(inline), [])
  t.notOk('JWT_KEYS_FILE' in load(inline))
  t.equal(load(PRODUCTION).JWT_KEYS, undefined, 'JWT_KEYS_FILE does not set JWT_KEYS')
  t.same(faultsOf({ ...PRODUCTION, JWT_KEYS: '{"keys":[]}' }), [
    'JWT_KEYS and JWT_KEYS_FILE are both set: remove one of them. For example: JWT_KEYS_FILE=/run/secrets/jwt-keys.json',
  ])
})

t.test('names NAME_FILE as an alternative for a missing secret', async (t) => {
  t.match(faultsOf(without(PRODUCTION, 'SECRET'))[0], /^SECRET \(or SECRET_FILE\) is missing/)
  t.match(faultsOf(without(PRODUCTION, 'ISSUER'))[0], /^ISSUER is missing/)
})

t.test('rejects every development convenience in production', async (t) => {
  const conveniences: [Env, RegExp][] = [
    [{ ISSUER: 'http://auth.example.com' }, /^ISSUER must be https/],
    [{ RESEND_COOLDOWN: '29' }, /^RESEND_COOLDOWN must be at least 30/],
    [{ RATE_LIMIT: 'false' }, /^RATE_LIMIT must not be false/],
    [{ DEMO: 'true' }, /^DEMO must not be true in production/],
    [{ SMS_PROVIDERS: 'console' }, /^SMS_PROVIDERS must not name "console"/],
    [{ SMS_PROVIDERS: 'crondock,console' }, /^SMS_PROVIDERS must not name "console"/],
    [{ SMS_PROVIDERS: 'outbox,crondock' }, /^SMS_PROVIDERS must not name "outbox"/],
  ]
  for (const [change, fault] of conveniences) {
    t.match(faultsOf({ ...PRODUCTION, ...change }), [fault], JSON.stringify(change))
  }
  const outbox = faultsOf({ ...PRODUCTION, SMS_PROVIDERS: 'outbox,crondock', DEV_OUTBOX: 'true' })
  t.ok(outbox.some((fault) => fault.startsWith('DEV_OUTBOX must not be true in production')))
})

t.test('accepts in development what production rejects', async (t) => {
  const env = {
    ISSUER: 'http://127.0.0.1:3000',
    RESEND_COOLDOWN: '0',
    RATE_LIMIT: 'false',
    SMS_PROVIDERS: 'outbox',
    DEV_OUTBOX: 'true',
  }
  t.same(faultsOf(env), [])
})

t.test('requires a secret for the events webhook, and https except for loopback', async (t) => {
  const EVENTS_WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  for (const url of [
    'https://ops.example.com',
    'https://ops.example.com:8443/doorcode?from=auth',
    'http://localhost:4000/events',
    'http://127.0.0.1/',
    'http://[::1]:4000',
  ]) {
    t.same(faultsOf({ EVENTS_WEBHOOK_URL: url, EVENTS_WEBHOOK_SECRET }), [], url)
    t.match(faultsOf({ EVENTS_WEBHOOK_URL: url }), [
      /^EVENTS_WEBHOOK_URL needs EVENTS_WEBHOOK_SECRET .* For example: .*whsec_/,
    ])
  }
  t.same(faultsOf({ EVENTS_WEBHOOK_SECRET }), [])
})

t.test('rejects DEV_OUTBOX when no provider fills the outbox', async (t) => {
  const env = { DEV_OUTBOX: 'true', SMS_COUNTRIES: 'US', CRONDOCK_API_KEY: 'test.not-a-real-key' }
  t.match(faultsOf({ ...env, SMS_PROVIDERS: 'crondock' }), [/^DEV_OUTBOX needs .* For example: SMS_PROVIDERS=outbox/])
  for (const name of ['outbox', 'console', 'crondock,outbox'])
    t.same(faultsOf({ ...env, SMS_PROVIDERS: name }), [], name)
})

t.test('reads and requires the settings of a provider only when it is named', async (t) => {
  t.notOk('CRONDOCK_URL' in load({ CRONDOCK_API_KEY: 'x' }))
  t.has(load({ SMS_PROVIDERS: 'crondock', SMS_COUNTRIES: 'US', CRONDOCK_API_KEY: 'x' }), {
    SMS_PROVIDERS: ['crondock'],
    CRONDOCK_API_KEY: 'x',
    CRONDOCK_URL: 'https://api.crondock.com/run/sms/',
  })
  t.match(faultsOf({ SMS_PROVIDERS: 'crondock', SMS_COUNTRIES: 'US' }), [
    /^CRONDOCK_API_KEY \(or CRONDOCK_API_KEY_FILE\) is missing/,
  ])
  t.match(
    faultsOf({ SMS_PROVIDERS: 'crondock', SMS_COUNTRIES: 'US', CRONDOCK_API_KEY: 'x', CRONDOCK_URL: 'ftp://x' }),
    [/^CRONDOCK_URL must match \^https/],
  )
})

t.test('keeps the order of the providers, which is the order of failover', async (t) => {
  const env = { SMS_COUNTRIES: 'US', CRONDOCK_API_KEY: 'x' }
  t.same(load({ ...env, SMS_PROVIDERS: 'crondock,console' }).SMS_PROVIDERS, ['crondock', 'console'])
  t.same(load({ ...env, SMS_PROVIDERS: 'console , crondock' }).SMS_PROVIDERS, ['console', 'crondock'])
})

t.test('requires SMS_COUNTRIES with a real provider, in development too', async (t) => {
  const env = { SMS_PROVIDERS: 'console,crondock', CRONDOCK_API_KEY: 'x' }
  t.match(faultsOf(env), [/^SMS_COUNTRIES is missing/])
  t.match(faultsOf({ ...env, SMS_COUNTRIES: ' , ' }), [/^SMS_COUNTRIES is missing/])
  t.same(faultsOf({ ...env, SMS_COUNTRIES: 'JM' }), [])
  t.same(faultsOf({ SMS_PROVIDERS: 'console,outbox' }), [])
})

t.test('shows no secret in any fault', async (t) => {
  const secrets: Env = {
    SECRET: 'hidden-secret',
    SECRET_PREVIOUS: 'hidden-previous',
    JWT_KEYS: '["hidden-keys"]',
    DATABASE_URL: 'mysql://user:hidden-password@db.example.com',
    REDIS_URL: 'http://:hidden-redis@cache.example.com',
    CRONDOCK_API_KEY: 'hidden-key',
    EVENTS_WEBHOOK_SECRET: 'hidden-events',
  }
  const files = Object.fromEntries(Object.keys(secrets).map((name) => [`${name}_FILE`, `/files/${name}`]))
  const rest = { NODE_ENV: 'production', SMS_PROVIDERS: 'crondock,acme', PORT: 'x' }
  for (const env of [
    { ...rest, ...secrets },
    { ...rest, ...files },
    { ...rest, ...secrets, ...files },
  ]) {
    const error = t.throws(() => load(env, (path) => secrets[path.slice('/files/'.length)]!))
    t.ok(error instanceof SettingsError && error.faults.length > 5)
    t.notMatch(inspect(error, { depth: 9, showHidden: true }), /hidden/)
  }
})

t.test('reads for a tool only the settings it names, and reports no others', async (t) => {
  const env = { PORT: 'x', LOG_LEVEL: 'loud', DATABASE_URL: 'postgres://db.example.com/x' }
  t.same(readSettings({ env }, ['DATABASE_URL']), {
    NODE_ENV: 'development',
    DATABASE_URL: 'postgres://db.example.com/x',
  })
  t.match(
    faultsIn(() => readSettings({ env }, ['PORT'])),
    [/^PORT must be a whole number/],
  )
})

t.test('requires for a tool in production only the required settings it names', async (t) => {
  const env = { NODE_ENV: 'production' }
  t.match(
    faultsIn(() => readSettings({ env }, ['DATABASE_URL', 'PORT'])),
    [/^DATABASE_URL \(or DATABASE_URL_FILE\) is missing/],
  )
  t.has(readSettings({ env }, ['PORT']), { NODE_ENV: 'production', PORT: 3_000 })
})

t.test('accepts a provider file, which goes by its own name from then on', async (t) => {
  const acme = {
    name: 'acme',
    source: './acme-sms.ts',
    real: true,
    settings: {
      type: 'object',
      required: ['ACME_TOKEN'],
      properties: {
        ACME_TOKEN: { type: 'string', minLength: 3, description: 'Token.', examples: ['x'], secret: true },
      },
    } as never,
  }
  const env = { SMS_PROVIDERS: './acme-sms.ts,console', SMS_COUNTRIES: 'US', SMS_ROUTES: 'US=acme' }
  const source = { providers: [...providers, acme] }
  t.match(loadSettings({ ...source, env: { ...env, ACME_TOKEN: 'abc' } }), {
    SMS_PROVIDERS: ['acme', 'console'],
    ACME_TOKEN: 'abc',
  })
  t.match(
    faultsIn(() => loadSettings({ ...source, env })),
    [/^ACME_TOKEN \(or ACME_TOKEN_FILE\) is missing: Token/],
  )
  t.match(
    faultsIn(() => loadSettings({ ...source, env: { ...env, ACME_TOKEN: 'x' } })),
    [/^ACME_TOKEN must/],
  )
})

t.test('reports a provider file that cannot be loaded once, with all other faults', async (t) => {
  const fault = 'SMS_PROVIDERS names "./acme-sms.ts", which cannot be loaded: no such file'
  t.match(
    faultsIn(() => loadSettings({ providers, faults: [fault], env: { SMS_PROVIDERS: './acme-sms.ts', PORT: 'x' } })),
    [fault, /^PORT must be a whole number/],
  )
})

t.test('checks duplicate providers, routes, prices and scenario numbers with the rest', async (t) => {
  t.match(faultsOf({ SMS_PROVIDERS: 'console,console' }), [/^SMS_PROVIDERS names "console" twice/])
  t.match(faultsOf({ SMS_ROUTES: 'US=twilio' }), [/^SMS_ROUTES names "twilio", which is not in SMS_PROVIDERS/])
  t.match(faultsOf({ SMS_PRICES: 'US=free' }), [/^SMS_PRICES has "US=free"/])
  t.match(faultsOf({ SCENARIO_NUMBERS: '+12025550150=lost' }), [/^SCENARIO_NUMBERS has "\+12025550150=lost"/])
  t.match(faultsOf({ ANDROID_APP_HASH: 'short' }), [/^ANDROID_APP_HASH must be 11 characters/])
  t.same(
    faultsOf({
      SMS_ROUTES: 'US,CA=console;*=console',
      SMS_PRICES: 'US=0.0083,US:voice=0.014,*=0.08',
      SCENARIO_NUMBERS: 'standard',
      ANDROID_APP_HASH: 'FA+9qCX9VSu',
    }),
    [],
  )
})
