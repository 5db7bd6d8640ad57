import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Value } from 'typebox/value'
import { humanChecks } from '../src/guard/human-checks/index.ts'
import { numberIntelligence } from '../src/guard/number-intelligence/index.ts'
import { providers } from '../src/providers/index.ts'
import { inspectSettings } from '../src/settings/load.ts'
import { type SettingSchema, SettingsSchema } from '../src/settings/schema.ts'

type Env = Record<string, string>

const faultsOf = (env: Env) => inspectSettings({ env, providers }).faults

/** The groups of settings, and the environment that has each group read. */
const parts: { properties: Record<string, unknown>; required: string[]; env: Env }[] = [
  { properties: SettingsSchema.properties, required: [], env: {} },
  ...[...humanChecks, ...numberIntelligence, ...providers].map(({ name, settings }) => ({
    properties: settings.properties,
    required: (settings.required ?? []) as string[],
    env: {
      ...(humanChecks.some((check) => check.name === name) && { HUMAN_CHECK: name }),
      ...(numberIntelligence.some((lookup) => lookup.name === name) && { NUMBER_INTELLIGENCE: name }),
      ...(providers.some((provider) => provider.name === name) && { SMS_PROVIDERS: name, SMS_COUNTRIES: 'US' }),
    } as Env,
  })),
]

/** Every setting, with the environment that has it read. */
const settings = parts.flatMap(({ properties, required, env }) =>
  Object.entries(properties).map(([name, schema]) => ({
    name,
    schema: schema as SettingSchema & { anyOf?: { const: string }[]; type?: string },
    isRequired: required.includes(name),
    env,
  })),
)

/** Returns the faults that a value of this setting adds. */
const faultsWith = (env: Env, name: string, value: string) => {
  const before = faultsOf(env)
  return faultsOf({ ...env, [name]: value }).filter((fault) => !before.includes(fault))
}

/** Asserts that a fault names the setting, the reason and an example. */
const assertHelpful = (t: Test, fault: string | undefined, name: string, what: RegExp) => {
  t.match(fault, new RegExp(`^${name}(?:_FILE)?\\b`), 'it names the setting')
  t.match(fault, what, 'it says what is wrong')
  t.match(fault, /(?: For example: | Write into it: | remove them\. For example: )\S/, 'it gives an example')
}

t.test('recognizes quotes around a value of any setting', async (t) => {
  for (const { name, env } of settings) {
    for (const quote of ['"', "'"]) {
      const [fault] = faultsWith(env, name, `${quote}anything${quote}`)
      assertHelpful(t, fault, name, /has quotes around it, which count as part of the value: remove them/)
    }
  }
})

t.test('ignores spaces and newlines around a valid value', async (t) => {
  for (const { name, schema, env } of settings) {
    const [example] = schema.examples
    if (!Value.Check(schema as never, example) && schema.type !== 'array') continue
    const plain = faultsWith(env, name, String(example))
    t.strictSame(faultsWith(env, name, ` ${example}\r\n`), plain, name)
  }
})

t.test('states the accepted numbers, switches and choices, and how durations are written', async (t) => {
  for (const { name, schema, env } of settings) {
    const { type, anyOf, unit } = schema
    if (type === 'integer')
      assertHelpful(t, faultsWith(env, name, 'many')[0], name, /must be a whole number .*, not "many"/)
    if (type === 'boolean') assertHelpful(t, faultsWith(env, name, 'yes')[0], name, /must be true or false, not "yes"/)
    if (anyOf) {
      const choices = anyOf.map((choice) => choice.const).join(', ')
      assertHelpful(t, faultsWith(env, name, 'maybe')[0], name, new RegExp(`must be one of ${choices}, not "maybe"`))
    }
    if (unit === 'seconds') t.match(faultsWith(env, name, '5m')[0], /of seconds.*; write 5m as 300, not "5m"/, name)
    if (unit === 'days') t.match(faultsWith(env, name, '24h')[0], /of days.*; write 24h as 1, not "24h"/, name)
  }
})

t.test('states the expected format of every setting that has one', async (t) => {
  const impossible = 'no such\u0001thing'
  for (const { name, schema, env } of settings) {
    const pattern = (schema as { pattern?: string }).pattern
    if (!pattern || new RegExp(pattern).test(impossible)) continue
    const [fault] = faultsWith(env, name, impossible)
    assertHelpful(t, fault, name, /must (?:be \S|match \S+ .*\(\S)/)
    if (schema.secret) t.notMatch(fault, impossible, 'the secret is hidden')
  }
})

t.test('reports every missing required setting by name, with its meaning and an example', async (t) => {
  for (const { name, schema, isRequired, env } of settings) {
    if (!isRequired || schema.default !== undefined) continue
    const fault = faultsOf(env).find((line) => line.startsWith(name))
    assertHelpful(t, fault, name, / is missing: \S/)
    if (schema.secret) t.match(fault, `(or ${name}_FILE)`)
  }
})

t.test('reports secret files that are missing, empty, a folder or below a file', async (t) => {
  const folder = t.testdir({ empty: ' \n', file: 'x' })
  mkdirSync(join(folder, 'folder'))
  for (const { name, schema, env } of settings) {
    const { secret = false, inFile = secret } = schema
    if (!inFile) continue
    for (const [path, what] of [
      ['none', /cannot be read: the file does not exist: /],
      ['folder', /cannot be read: it is a folder: /],
      ['file/below', /cannot be read: a part of the path is not a folder: /],
      ['empty', /names an empty file: /],
    ] as const) {
      const [fault] = faultsWith(env, `${name}_FILE`, join(folder, path))
      assertHelpful(t, fault, `${name}_FILE`, what)
    }
    writeFileSync(join(folder, 'wrong'), 'x')
    for (const fault of faultsWith(env, `${name}_FILE`, join(folder, 'wrong'))) assertHelpful(t, fault, name, /must/)
  }
})

t.test('suggests the right name for a misspelled setting, which would be ignored', async (t) => {
  for (const [written, right] of [
    ['SMS_PROVIDER', 'SMS_PROVIDERS'],
    ['JWT_KEY_FILE', 'JWT_KEYS_FILE'],
    ['SMS_COUNTRYES', 'SMS_COUNTRIES'],
    ['sms_countries', 'SMS_COUNTRIES'],
    ['TRUST_PROXYS', 'TRUST_PROXY'],
    ['DATABASE_ULR', 'DATABASE_URL'],
    ['CODE_TLL', 'CODE_TTL'],
    ['SECERT_FILE', 'SECRET_FILE'],
  ] as const) {
    const [fault, ...more] = faultsOf({ [written]: 'x' })
    t.match(fault, new RegExp(`^${written} is not a setting\\. Did you mean ${right}\\? For example: ${right}=\\S`))
    t.strictSame(more, [])
  }
  const twilio = { SMS_PROVIDERS: 'twilio', SMS_COUNTRIES: 'US' }
  t.match(
    faultsOf({ ...twilio, TWILIO_AUTH_TOKN: 'x' }).find((fault) => fault.startsWith('TWILIO_AUTH_TOKN')),
    /Did you mean TWILIO_AUTH_TOKEN\?/,
  )
  t.match(faultsOf({ SMS_COUNTRIES_FILE: '/x' }), [
    /^SMS_COUNTRIES_FILE is ignored: only secrets can be read from files\. Set SMS_COUNTRIES itself\. For example: /,
  ])
})

t.test('ignores variables of other programs and of parts that are not in use', async (t) => {
  const others = {
    PORTS: 'x',
    HOSTNAME: 'x',
    REDIS_PORT: 'tcp://10.0.0.7:6379',
    DATABASE_HOST: 'x',
    npm_lifecycle_event: 'start',
    NODE_OPTIONS: 'x',
    SMS_URL: 'x',
    TWILIO_AUTH_TOKN: 'x',
    XDG_DATA_DIRS: 'x',
    NODE_EXTRA_CA_CERTS: 'x',
    CLIENT_IDS: '',
  }
  t.strictSame(faultsOf(others), [])
  t.strictSame(faultsOf({ REDIS_URI: 'x', REDIS_URL: 'redis://cache.example.com' }), [], 'the right name is set too')
})

t.test('suggests the right name for a misspelled provider', async (t) => {
  t.match(faultsOf({ SMS_PROVIDERS: 'twillio' }), [
    /names the unknown provider "twillio"\. Known are: .* For example: twilio$/,
  ])
})
