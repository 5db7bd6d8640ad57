import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CHANNELS } from '../core/delivery/ports.ts'
import type { ProviderDefinition } from './provider.ts'

/** A definition from outside, with its name in `SMS_PROVIDERS`. */
export interface ExternalProvider extends ProviderDefinition {
  source: string
}

/** Returns true for a name in `SMS_PROVIDERS` that is a file or package, not a built-in provider. */
export const isExternal = (name: string): boolean => /^(?:\.{0,2}\/|@[^/]+\/|doorcode-sms-)/.test(name)

/** Returns the reason why an exported value is not a definition; undefined for a definition. */
const faultOf = (value: unknown): string | undefined => {
  if (typeof value !== 'object' || value === null) return 'exports no "provider" and has no default export'
  const { name, real, channels, settings, create } = value as Partial<ProviderDefinition>
  if (typeof name !== 'string' || !/^[a-z][a-z0-9]*$/.test(name))
    return 'has no "name" in lower case letters and digits'
  if (typeof real !== 'boolean') return 'has no boolean "real", which is true if it sends real messages'
  if (!Array.isArray(channels) || !channels.every((channel) => CHANNELS.includes(channel)))
    return `has no "channels" among ${CHANNELS.join(', ')}`
  if (typeof create !== 'function') return 'has no function "create"'
  const properties = settings?.properties
  if (typeof properties !== 'object' || properties === null) return 'has no "settings" with "properties"'
  for (const [setting, schema] of Object.entries(properties as Record<string, Record<string, unknown>>)) {
    if (!setting.startsWith(`${name.toUpperCase()}_`))
      return `has a setting ${setting} that does not start with ${name.toUpperCase()}_`
    if (typeof schema['description'] !== 'string' || !Array.isArray(schema['examples']))
      return `has a setting ${setting} without "description" and "examples"`
  }
  return undefined
}

/**
 * Loads the providers that `SMS_PROVIDERS` names by file (`./acme-sms.ts`, relative to the working directory) or by
 * package (`@acme/doorcode-sms`, `doorcode-sms-acme`). Each must export its definition as `provider` or by default.
 * Returns a message for each unusable one.
 */
export const loadExternal = async (
  names: readonly string[],
): Promise<{ loaded: ExternalProvider[]; faults: string[] }> => {
  const loaded: ExternalProvider[] = []
  const faults: string[] = []
  for (const source of names.filter(isExternal)) {
    const isFile = source.startsWith('.') || source.startsWith('/')
    try {
      const module = await import(isFile ? pathToFileURL(resolve(source)).href : source)
      const definition: unknown = module.provider ?? module.default
      const fault = faultOf(definition)
      if (fault) faults.push(`SMS_PROVIDERS names "${source}", which ${fault}.`)
      else loaded.push({ ...(definition as ProviderDefinition), source })
    } catch (error) {
      faults.push(
        `SMS_PROVIDERS names "${source}", which cannot be loaded: ${String((error as Error)?.message ?? error).split('\n')[0]}`,
      )
    }
  }
  return { loaded, faults }
}
