import { BlockList, isIP } from 'node:net'
import { isSupportedCountry } from 'libphonenumber-js/max'
import type { TObject } from 'typebox'
import { DURATIONS } from '../core/durations.ts'
import { parsePrices } from '../delivery/prices.ts'
import { parseRoutes } from '../delivery/routing.ts'
import { parseCostBudgets, parseMessageBudgets } from '../guard/budgets.ts'
import { humanChecks } from '../guard/human-checks/index.ts'
import { numberIntelligence } from '../guard/number-intelligence/index.ts'
import { parseRuleNumbers } from '../guard/rule-numbers.ts'
import { parseScenarios } from '../providers/development/scenarios.ts'
import { isExternal } from '../providers/external.ts'
import { readCorsOrigins } from './cors-origins.ts'
import { createReader, SettingsError, type ValueSource } from './reader.ts'
import { type SettingSchema, type Settings, SettingsSchema } from './schema.ts'
import { type KnownSetting, meant, settingTypos } from './typos.ts'

/** What settings need to know of a company. */
export interface KnownProvider {
  name: string
  real: boolean
  settings: TObject
  /** What `SMS_PROVIDERS` calls it, where that is a file or a package. */
  source?: string
}

/** What makes up settings: a source of values, and the companies that may be named in `SMS_PROVIDERS`. */
export interface SettingsSource extends ValueSource {
  providers: readonly KnownProvider[]
}

/** The companies that keep messages where the outbox finds them. */
const KEEPING = ['outbox', 'console']

/** The fault that a parser finds, under the name of its setting. */
const faultsIn = (parse: () => unknown, setting: string): string[] => {
  try {
    parse()
    return []
  } catch (error) {
    return [`${setting} ${(error as Error).message}`]
  }
}

/** Messages without a price count as nothing in a budget of money. */
const faultsOfPrices = ({ SMS_PRICES, SMS_COUNTRIES }: Settings): string[] => {
  const priced = new Set(SMS_PRICES.map((item) => item.split('=')[0]))
  const unpriced = priced.has('*') ? [] : SMS_COUNTRIES.filter((country) => !priced.has(country))
  if (unpriced.length === 0 && priced.size > 0) return []
  const where = unpriced.join(', ') || 'any country'
  return [`SMS_BUDGET_COST counts nothing without a price for ${where} in SMS_PRICES. For example: SMS_PRICES=*=0.08`]
}

const isCidr = (range: string): boolean => {
  const [address = '', bits, ...rest] = range.split('/')
  const version = isIP(address)
  if (!version || rest.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return false
  try {
    new BlockList().addSubnet(address, Number(bits ?? 32), version === 4 ? 'ipv4' : 'ipv6')
    return true
  } catch {
    return false
  }
}

const known = (schemas: readonly TObject[]): KnownSetting[] =>
  schemas
    .flatMap(({ properties }) => Object.entries(properties))
    .map(([name, schema]) => {
      const { secret = false, inFile = secret, lowerCase = false, examples } = schema as unknown as SettingSchema
      return { name, inFile, lowerCase, example: examples.join(',') }
    })

/** Settings as they were read, right or not, and all that is wrong with them. */
export interface InspectedSettings {
  settings: Settings & Record<string, unknown>
  faults: readonly string[]
}

/**
 * Reads every setting and finds all faults at once, each with the setting it is about, what is wrong, and an example of a
 * right value. What is faulty stays in the settings as it is: look at them only to find more faults.
 */
export const inspectSettings = ({ providers, ...source }: SettingsSource): InspectedSettings => {
  const { faults, read, missing, demand } = createReader(source)
  const settings = read(SettingsSchema.properties) as Settings & Record<string, unknown>
  const production = settings.NODE_ENV === 'production'

  // The default is no answer where companies must be named.
  const unnamed = production && !source.env['SMS_PROVIDERS']?.trim()

  if (production) {
    demand(SettingsSchema.properties, settings)
    if (unnamed) missing('SMS_PROVIDERS', SettingsSchema.properties.SMS_PROVIDERS)
    if (settings.ISSUER?.startsWith('http:'))
      faults.push('ISSUER must be https in production. For example: https://auth.example.com')
    const { default: least } = DURATIONS.resendCooldown
    if (settings.RESEND_COOLDOWN < least)
      faults.push(`RESEND_COOLDOWN must be at least ${least} in production. For example: ${least}`)
    if (!settings.RATE_LIMIT) faults.push('RATE_LIMIT must not be false in production. For example: true')
    if (settings.DEMO)
      faults.push('DEMO must not be true in production: its pages are for development. For example: false')
    if (settings.DEV_OUTBOX)
      faults.push('DEV_OUTBOX must not be true in production: it shows every code to everyone. For example: false')
  }

  const named = (unnamed ? [] : settings.SMS_PROVIDERS).map((name) => ({
    name,
    provider: providers.find((known) => (known.source ?? known.name) === name),
  }))
  if (named.length === 0 && !unnamed) faults.push('SMS_PROVIDERS names no company. For example: crondock')
  const inUse: TObject[] = [SettingsSchema]
  /** Reads the settings of a part that was named, and demands those that it cannot do without. */
  const readPart = (part: TObject): void => {
    const { properties, required } = part
    inUse.push(part)
    Object.assign(settings, read(properties))
    for (const name of (required ?? []) as string[]) if (settings[name] === undefined) missing(name, properties[name]!)
  }
  for (const part of [...humanChecks, ...numberIntelligence]) {
    if (part.name === settings.HUMAN_CHECK || part.name === settings.NUMBER_INTELLIGENCE) readPart(part.settings)
  }
  for (const { name, provider } of named) {
    if (!provider) {
      // A file or package that could not be loaded has its fault already.
      if (isExternal(name)) continue
      const names = providers.map((known) => known.name)
      const right = meant(name.toLowerCase(), names)
      faults.push(
        `SMS_PROVIDERS names "${name}", but there are only: ${names.join(', ')}; and files like ./acme-sms.ts. For example: ${right ?? 'twilio,vonage'}`,
      )
      continue
    }
    readPart(provider.settings)
    if (production && !provider.real && source.env['SMS_PROVIDERS'] !== undefined)
      faults.push(`SMS_PROVIDERS must not name "${name}" in production: it sends nothing. For example: twilio,vonage`)
  }
  // From here on each goes by its own name.
  settings.SMS_PROVIDERS = named.map(({ name, provider }) => provider?.name ?? name)
  for (const name of new Set(settings.SMS_PROVIDERS.filter((name, at, all) => all.indexOf(name) !== at))) {
    const once = [...new Set(settings.SMS_PROVIDERS)].join(',')
    faults.push(`SMS_PROVIDERS names "${name}" twice. For example: ${once}`)
  }
  faults.push(
    ...faultsIn(() => parseRoutes(settings.SMS_ROUTES ?? '', settings.SMS_PROVIDERS), 'SMS_ROUTES'),
    ...faultsIn(() => parsePrices(settings.SMS_PRICES), 'SMS_PRICES'),
    ...faultsIn(() => parseMessageBudgets(settings.SMS_BUDGET_MESSAGES), 'SMS_BUDGET_MESSAGES'),
    ...faultsIn(() => parseCostBudgets(settings.SMS_BUDGET_COST), 'SMS_BUDGET_COST'),
    ...faultsIn(() => parseRuleNumbers(settings.SMS_GUARD_LIMITS), 'SMS_GUARD_LIMITS').map(
      (fault) => `${fault}. For example: address.perHour=50`,
    ),
    ...parseScenarios(settings.SCENARIO_NUMBERS, {
      codeLength: settings.CODE_LENGTH,
      strict: production,
      now: Date.now(),
    }).faults,
  )

  if (settings.SMS_BUDGET_COST.length > 0) faults.push(...faultsOfPrices(settings))
  if (named.some(({ provider }) => provider?.real) && settings.SMS_COUNTRIES.length === 0) {
    missing('SMS_COUNTRIES', SettingsSchema.properties.SMS_COUNTRIES)
  }
  for (const country of settings.SMS_COUNTRIES) {
    if (!isSupportedCountry(country))
      faults.push(`SMS_COUNTRIES names "${country}", which is no country. For example: US,CA`)
  }
  for (const range of settings.TRUST_PROXY) {
    if (!isCidr(range))
      faults.push(`TRUST_PROXY names "${range}", which is no address or CIDR range. For example: 10.0.0.0/8`)
  }
  const cors = readCorsOrigins(settings.CORS_ORIGINS)
  settings.CORS_ORIGINS = cors.origins
  faults.push(...cors.faults)
  if (settings.DEV_OUTBOX && !settings.SMS_PROVIDERS.some((name) => KEEPING.includes(name))) {
    faults.push('DEV_OUTBOX needs a provider that keeps the messages. For example: SMS_PROVIDERS=outbox')
  }

  for (const name of ['DATABASE_URL', 'REDIS_URL'] as const) {
    const url = settings[name]
    if (url?.match(/^(postgres(ql)?|rediss?):\/\/./) && !URL.canParse(url)) {
      faults.push(
        `${name} is no URL: characters like # and % in a password are written %23 and %25. For example: ${(SettingsSchema.properties[name] as unknown as SettingSchema).examples}`,
      )
    }
  }

  if (settings.JWT_KEYS !== undefined && settings.JWT_KEYS_FILE !== undefined)
    faults.push(
      'JWT_KEYS and JWT_KEYS_FILE are both set: remove one of them. For example: JWT_KEYS_FILE=/run/secrets/jwt-keys.json',
    )

  const { EVENTS_WEBHOOK_URL: eventsUrl } = settings
  if (eventsUrl?.match(/^https?:\/\/./) && !URL.canParse(eventsUrl))
    faults.push('EVENTS_WEBHOOK_URL is no URL. For example: https://ops.example.com/doorcode')
  if (eventsUrl !== undefined && settings.EVENTS_WEBHOOK_SECRET === undefined)
    faults.push(
      'EVENTS_WEBHOOK_URL needs EVENTS_WEBHOOK_SECRET (or EVENTS_WEBHOOK_SECRET_FILE), which events are signed with. For example: the output of: echo whsec_$(openssl rand -base64 32)',
    )

  const parts = [...humanChecks, ...numberIntelligence, ...providers].map((part) => part.settings)
  faults.push(...settingTypos(source.env, { inUse: known(inUse), others: known(parts) }))
  return { settings, faults }
}

/** The same for whoever needs them: the settings are complete, or a `SettingsError` has every fault. */
export const loadSettings = (source: SettingsSource): InspectedSettings['settings'] => {
  const { settings, faults } = inspectSettings(source)
  if (faults.length > 0) throw new SettingsError(faults)
  return settings
}
