import type { Provider } from '../core/delivery/ports.ts'
import type { Texts } from '../factors/sms/texts.ts'
import { createExchange, type Transport, wire } from '../http-client/client.ts'
import type { ProviderDefinition, ProviderTools } from '../providers/provider.ts'
import type { Settings } from '../settings/schema.ts'
import type { Foundation } from './foundation.ts'
import { domainOf } from './issuer.ts'
import { createTextsFor } from './texts.ts'

/** Creates the providers that `SMS_PROVIDERS` names, in its order, each with a wire. */
export const createProviders = async (
  settings: Settings & Record<string, unknown>,
  definitions: readonly ProviderDefinition[],
  tools: Pick<ProviderTools, 'print' | 'keep' | 'now'>,
  transport: Transport = wire,
): Promise<Provider[]> =>
  Promise.all(
    settings.SMS_PROVIDERS.map(async (name) => {
      const receiptsUrl = settings.ISSUER === undefined ? undefined : `${settings.ISSUER}/webhooks/sms/${name}`
      const definition = definitions.find((known) => known.name === name)!
      return definition.create(settings, { ...tools, transport, exchange: createExchange(transport), receiptsUrl })
    }),
  )

/** The providers, and the texts that they carry. */
export interface Sending {
  providers: readonly Provider[]
  texts: Texts
}

/** Creates providers and texts, and logs the languages that do not fit. Throws where a setting of theirs is wrong. */
export const openSending = async (
  { settings, definitions, outgoing, logger }: Foundation,
  tools: Pick<ProviderTools, 'print' | 'keep' | 'now'>,
): Promise<Sending> => {
  const providers = await createProviders(settings, definitions, tools, outgoing.transport)
  const texts = createTextsFor(settings, domainOf(settings))
  if (texts.leftOut.length > 0) {
    logger.info(
      { event: 'locales_left_out', locales: texts.leftOut },
      'languages whose text is too long with your names',
    )
  }
  return { providers, texts }
}
