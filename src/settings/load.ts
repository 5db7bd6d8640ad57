import type { TObject } from 'typebox'
import { humanChecks } from '../guard/human-checks/index.ts'
import { numberIntelligence } from '../guard/number-intelligence/index.ts'
import { isExternal } from '../providers/external.ts'
import { addressFaults } from './address-faults.ts'
import { readCorsOrigins } from './cors-origins.ts'
import { deliveryFaults } from './delivery-faults.ts'
import { productionFaults } from './production-faults.ts'
import { createReader, SettingsError, type ValueSource } from './reader.ts'
import { type SettingSchema, type Settings, SettingsSchema } from './schema.ts'
import { findNearestWord, type KnownSetting, settingTypos } from './typos.ts'

/** The facts about a provider that the settings need. */
export interface KnownProvider {
  name: string
  real: boolean
  settings: TObject
  /** The file or package in `SMS_PROVIDERS` that defines it. */
  source?: string
}

/** A source of values, with the providers that `SMS_PROVIDERS` may name. */
export interface SettingsSource extends ValueSource {
  providers: readonly KnownProvider[]
}

/** The providers that keep messages for the development outbox. */
const KEEPING = ['outbox', 'console']

const known = (schemas: readonly TObject[]): KnownSetting[] =>
  schemas
    .flatMap(({ properties }) => Object.entries(properties))
    .map(([name, schema]) => {
      const { secret = false, inFile = secret, lowerCase = false, examples } = schema as unknown as SettingSchema
      return { name, inFile, lowerCase, example: examples.join(',') }
    })

/** Settings as read, valid or not, with all their faults. */
export interface InspectedSettings {
  settings: Settings & Record<string, unknown>
  faults: readonly string[]
}

/**
 * Reads every setting and reports all faults at once: the setting, the fault and an example of a valid value. Invalid
 * values stay in the settings, so use the result only to find more faults.
 */
export const inspectSettings = ({ providers, ...source }: SettingsSource): InspectedSettings => {
  const { faults, read, missing, demand } = createReader(source)
  const settings = read(SettingsSchema.properties) as Settings & Record<string, unknown>
  const production = settings.NODE_ENV === 'production'

  // Production requires an explicit value and does not use the default.
  const unnamed = production && !source.env['SMS_PROVIDERS']?.trim()

  if (production) {
    demand(SettingsSchema.properties, settings)
    if (unnamed) missing('SMS_PROVIDERS', SettingsSchema.properties.SMS_PROVIDERS)
    faults.push(...productionFaults(settings))
  }

  const named = (unnamed ? [] : settings.SMS_PROVIDERS).map((name) => ({
    name,
    provider: providers.find((known) => (known.source ?? known.name) === name),
  }))
  if (named.length === 0 && !unnamed) faults.push('SMS_PROVIDERS must name a provider. For example: crondock')
  const inUse: TObject[] = [SettingsSchema]
  /** Reads the settings of a selected part, and reports required ones that are missing. */
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
      // loadExternal has already reported the fault of a file or package.
      if (isExternal(name)) continue
      const names = providers.map((known) => known.name)
      const right = findNearestWord(name.toLowerCase(), names)
      faults.push(
        `SMS_PROVIDERS names the unknown provider "${name}". Known are: ${names.join(', ')}; and files like ./acme-sms.ts. For example: ${right ?? 'twilio,vonage'}`,
      )
      continue
    }
    readPart(provider.settings)
    if (production && !provider.real && source.env['SMS_PROVIDERS'] !== undefined)
      faults.push(
        `SMS_PROVIDERS must not name "${name}" in production: it sends no messages. For example: twilio,vonage`,
      )
  }
  // From here on, a file or package is replaced by the name of its provider.
  settings.SMS_PROVIDERS = named.map(({ name, provider }) => provider?.name ?? name)
  for (const name of new Set(settings.SMS_PROVIDERS.filter((name, at, all) => all.indexOf(name) !== at))) {
    const once = [...new Set(settings.SMS_PROVIDERS)].join(',')
    faults.push(`SMS_PROVIDERS names "${name}" twice. For example: ${once}`)
  }
  faults.push(...deliveryFaults(settings, Date.now()))
  if (named.some(({ provider }) => provider?.real) && settings.SMS_COUNTRIES.length === 0) {
    missing('SMS_COUNTRIES', SettingsSchema.properties.SMS_COUNTRIES)
  }
  const cors = readCorsOrigins(settings.CORS_ORIGINS)
  settings.CORS_ORIGINS = cors.origins
  faults.push(...cors.faults)
  if (settings.DEV_OUTBOX && !settings.SMS_PROVIDERS.some((name) => KEEPING.includes(name))) {
    faults.push('DEV_OUTBOX needs a provider that keeps messages. For example: SMS_PROVIDERS=outbox')
  }

  faults.push(...addressFaults(settings))
  if (settings.JWT_KEYS !== undefined && settings.JWT_KEYS_FILE !== undefined)
    faults.push(
      'JWT_KEYS and JWT_KEYS_FILE are both set: remove one of them. For example: JWT_KEYS_FILE=/run/secrets/jwt-keys.json',
    )

  const parts = [...humanChecks, ...numberIntelligence, ...providers].map((part) => part.settings)
  faults.push(...settingTypos(source.env, { inUse: known(inUse), others: known(parts) }))
  return { settings, faults }
}

/** Returns complete and valid settings. Throws a `SettingsError` with every fault. */
export const loadSettings = (source: SettingsSource): InspectedSettings['settings'] => {
  const { settings, faults } = inspectSettings(source)
  if (faults.length > 0) throw new SettingsError(faults)
  return settings
}
