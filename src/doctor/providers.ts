import type { ProviderDefinition } from '../providers/provider.ts'
import type { Settings } from '../settings/schema.ts'
import { createProviders } from '../start/providers.ts'
import type { CheckedProvider } from './providers-check.ts'

/** Creates the providers in `SMS_PROVIDERS`. Those with faulty settings are only listed by name, as `invalid`. */
export const configuredProviders = async (
  settings: Settings & Record<string, unknown>,
  definitions: readonly ProviderDefinition[],
  faulty: ReadonlySet<string | undefined>,
): Promise<{ configured: CheckedProvider[]; invalid: string[] }> => {
  const valid = settings.SMS_PROVIDERS.filter((name) => {
    const definition = definitions.find((known) => known.name === name)
    return definition && Object.keys(definition.settings.properties).every((setting) => !faulty.has(setting))
  })
  const tools = { print: () => {}, keep: () => {}, now: Date.now }
  const providers = await createProviders({ ...settings, SMS_PROVIDERS: valid }, definitions, tools)
  const configured = providers.map((provider) => {
    const definition = definitions.find((known) => known.name === provider.name)!
    return { definition, provider, probe: definition.probe?.(settings as never) }
  })
  return { configured, invalid: settings.SMS_PROVIDERS.filter((name) => !valid.includes(name)) }
}
