import type { Provider } from '../core/delivery/ports.ts'
import type { Texts } from '../factors/sms/render-texts.ts'
import { createExchange, type Transport, wire } from '../http-client/client.ts'
import type { ProviderDefinition, ProviderTools } from '../providers/provider.ts'
import type { Settings } from '../settings/schema.ts'
import type { Foundation } from './foundation.ts'
import { domainOf } from './issuer.ts'
import { createTextsFor } from './texts.ts'

/** Creates the providers in `SMS_PROVIDERS`, in its order, each with its HTTP client. */
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

/** The providers, and the texts of their messages. */
export interface Sending {
  providers: readonly Provider[]
  texts: Texts
}

/**
 * Creates providers and texts, and logs the languages whose text is too long. Throws if one of their settings is
 * invalid.
 */
export const openSending = async (
  { settings, definitions, outgoing, logger }: Foundation,
  tools: Pick<ProviderTools, 'print' | 'keep' | 'now'>,
): Promise<Sending> => {
  const providers = await createProviders(settings, definitions, tools, outgoing.transport)
  const texts = createTextsFor(settings, domainOf(settings))
  if (texts.leftOut.length > 0) {
    logger.info(
      { event: 'locales_left_out', locales: texts.leftOut },
      'languages left out: their text is too long with SERVICE_NAME and the domain',
    )
  }
  return { providers, texts }
}
