import type { ProviderDefinition } from '../providers/provider.ts'
import type { Settings } from '../settings/schema.ts'
import { createProviders } from '../start/providers.ts'
import type { LookedAtCompany } from './companies-check.ts'

/** Makes the providers that `SMS_PROVIDERS` names; those whose settings are faulty are only named, as unsound. */
export const companiesOf = async (
  settings: Settings & Record<string, unknown>,
  definitions: readonly ProviderDefinition[],
  faulty: ReadonlySet<string | undefined>,
): Promise<{ companies: LookedAtCompany[]; unsound: string[] }> => {
  const sound = settings.SMS_PROVIDERS.filter((name) => {
    const definition = definitions.find((known) => known.name === name)
    return definition && Object.keys(definition.settings.properties).every((setting) => !faulty.has(setting))
  })
  const tools = { print: () => {}, keep: () => {}, now: Date.now }
  const providers = await createProviders({ ...settings, SMS_PROVIDERS: sound }, definitions, tools)
  const companies = providers.map((provider) => {
    const definition = definitions.find((known) => known.name === provider.name)!
    return { definition, provider, probe: definition.probe?.(settings as never) }
  })
  return { companies, unsound: settings.SMS_PROVIDERS.filter((name) => !sound.includes(name)) }
}
