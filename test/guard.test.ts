import { readFileSync } from 'node:fs'
import t from 'tap'
import { GUARD_RULES } from '../src/core/guard/rules.ts'
import { limitsFor } from '../src/core/limits.ts'
import { providers } from '../src/providers/index.ts'
import { loadSettings } from '../src/settings/load.ts'
import { SettingsError } from '../src/settings/reader.ts'
import { createGuard, policyOf } from '../src/start/guard.ts'

const settingsOf = (env: Record<string, string>) => loadSettings({ env, providers })
const policyWith = (env: Record<string, string>) => policyOf(settingsOf(env), limitsFor())

const faultsOf = (env: Record<string, string>): string => {
  try {
    settingsOf(env)
    return ''
  } catch (error) {
    if (error instanceof SettingsError) return error.faults.join('\n')
    throw error
  }
}

t.test('enables every rule by default, with budgets for each country and in total', async (t) => {
  const policy = policyWith({})
  for (const rule of [
    'user',
    'number',
    'address',
    'network',
    'prefix',
    'consecutive',
    'conversion',
    'budget',
  ] as const) {
    t.ok(policy[rule], rule)
  }
  t.strictSame(policy.budgets, { '*': { messages: 20_000, cost: null }, each: { messages: 5_000, cost: null } })
  t.equal(policy.humanCheck, true)
})

t.test('disables the fraud rules without SMS_GUARD, and keeps caps and budgets', async (t) => {
  const policy = policyWith({ SMS_GUARD: 'false' })
  t.notOk(policy.prefix ?? policy.consecutive ?? policy.conversion)
  t.ok(policy.number && policy.address && policy.budget)
})

t.test('replaces the limits that SMS_GUARD_LIMITS names, and keeps the other defaults', async (t) => {
  const { address, number, prefix } = policyWith({
    SMS_GUARD_LIMITS: 'address.perHour=50,number.perHour=8,prefix.unverified=0.9',
  })
  t.match(
    { address, number, prefix },
    {
      address: { perHour: 50 },
      number: { perHour: 8, perDay: 10, callsPerHour: 3, callsPerDay: 5 },
      prefix: { perHour: 8, unverified: 0.9 },
    },
  )
  const { prefix: isOff, network } = policyWith({
    SMS_GUARD: 'false',
    SMS_GUARD_LIMITS: 'network.perHour=100,prefix.perHour=9',
  })
  t.match(network, { perHour: 100 })
  t.equal(isOff, undefined, 'a limit does not enable a rule')
  t.strictSame(policyWith({}).user, GUARD_RULES.user)
  t.match(faultsOf({ SMS_GUARD_LIMITS: 'address.perHour=5,address.perHour=6' }), /has address\.perHour twice/)
})

t.test('documents every limit of the guard with its default', async (t) => {
  const page = readFileSync('docs/toll-fraud.md', 'utf8').split(/\s+/)
  for (const [rule, numbers] of Object.entries(GUARD_RULES)) {
    for (const [name, value] of Object.entries(numbers)) {
      t.ok(page.includes(`${rule}.${name}=${value}`), `${rule}.${name}`)
    }
  }
  for (const item of settingsOf({}).SMS_GUARD_LIMITS) t.ok(page.includes(item), item)
})

t.test('applies no rule when RATE_LIMIT is false', async (t) => {
  const policy = policyWith({ RATE_LIMIT: 'false' })
  t.strictSame(Object.keys(policy).sort(), ['budget', 'budgets', 'codeTtl', 'cooldowns', 'humanCheck'])
})

t.test('keeps the budgets of other countries when one country gets its own', async (t) => {
  t.strictSame(policyWith({ SMS_BUDGET_MESSAGES: 'US=100' }).budgets, {
    '*': { messages: 20_000, cost: null },
    each: { messages: 5_000, cost: null },
    US: { messages: 100, cost: null },
  })
})

t.test('adds a budget in money to the one in messages, with `each` as default for a country', async (t) => {
  const { budgets } = policyWith({
    SMS_BUDGET_COST: 'each=10,US=50',
    SMS_PRICES: '*=0.05',
    SMS_BUDGET_MESSAGES: 'GB=7',
  })
  t.strictSame(budgets, {
    '*': { messages: 20_000, cost: null },
    each: { messages: 5_000, cost: 10 },
    GB: { messages: 7, cost: 10 },
    US: { messages: 5_000, cost: 50 },
  })
})

t.test('rejects a budget that has no effect or contradicts itself', async (t) => {
  t.match(faultsOf({ SMS_BUDGET_COST: 'all=50' }), /SMS_BUDGET_COST needs a price/)
  t.match(
    faultsOf({ SMS_BUDGET_COST: 'all=50', SMS_PRICES: 'US=0.01', SMS_COUNTRIES: 'US,GB' }),
    /needs a price for GB in SMS_PRICES/,
  )
  t.equal(faultsOf({ SMS_BUDGET_COST: 'all=50', SMS_PRICES: '*=0.01', SMS_COUNTRIES: 'US,GB' }), '')
  t.match(faultsOf({ SMS_BUDGET_MESSAGES: 'all=100,all=20' }), /has all twice/)
  t.match(faultsOf({ SMS_BUDGET_MESSAGES: 'UK=5' }), /"UK=5"/, 'UK is not a country code')
})

t.test('reports all missing keys of human checks and number intelligence at once', async (t) => {
  const faults = faultsOf({ HUMAN_CHECK: 'turnstile', NUMBER_INTELLIGENCE: 'twilio-lookup' })
  for (const name of [
    'TURNSTILE_SITE_KEY',
    'TURNSTILE_SECRET',
    'TWILIO_LOOKUP_ACCOUNT_SID',
    'TWILIO_LOOKUP_AUTH_TOKEN',
  ]) {
    t.match(faults, name)
  }
})

t.test('chooses the human check and the number intelligence by the settings', async (t) => {
  const parts = {
    limits: limitsFor(),
    key: Buffer.alloc(32),
    nonces: { use: async () => true },
    now: Date.now,
  }
  t.match(createGuard(settingsOf({}), parts), { humanCheck: { name: 'proof-of-work' }, intelligence: undefined })
  t.match(createGuard(settingsOf({ HUMAN_CHECK: 'off' }), parts), { humanCheck: undefined })
  const env = {
    HUMAN_CHECK: 'hcaptcha',
    HCAPTCHA_SITE_KEY: 'only-for-tests',
    HCAPTCHA_SECRET: 'only-for-tests-not-a-secret',
    NUMBER_INTELLIGENCE: 'twilio-lookup',
    TWILIO_LOOKUP_ACCOUNT_SID: 'AC00000000000000000000000000000000',
    TWILIO_LOOKUP_AUTH_TOKEN: 'only-for-tests-not-a-token',
  }
  t.match(createGuard(settingsOf(env), parts), {
    humanCheck: { name: 'hcaptcha' },
    intelligence: { name: 'twilio-lookup' },
  })
})
