import type { Carrier, Provider, SendLedger } from '../core/delivery/ports.ts'
import type { BreakerState } from '../delivery/breakers.ts'
import { createDispatch, type Dispatch } from '../delivery/dispatch.ts'
import { parsePrices } from '../delivery/prices.ts'
import { parseRoutes } from '../delivery/routing.ts'
import { createLocaleChoice, type LocaleChoice } from '../factors/sms/locale.ts'
import { createTexts, type TextOverrides, type Texts } from '../factors/sms/texts.ts'
import { createExchange, type Transport, wire } from '../http-client/client.ts'
import { createScenarios, parseScenarios, type Scenarios } from '../providers/development/scenarios.ts'
import type { ProviderDefinition, ProviderTools } from '../providers/provider.ts'
import type { Settings } from '../settings/schema.ts'
import { readTextFileSync } from '../settings/text-file.ts'
import type { Clock } from './clock.ts'

/** Failures in a row that open the circuit of a provider, and for how many ms. */
const BREAKER = { failures: 5, openFor: 3_000 }

/** What delivery is made of besides settings. */
export interface DeliveryParts {
  texts: Texts
  providers: readonly Provider[]
  ledger: SendLedger
  clock: Clock
  onBreaker: (carrier: Carrier, state: BreakerState) => void
}

/** The host of a URL that leads to who listens here; a wildcard address leads nowhere. */
const hostOf = (host: string) => {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

/** The public address of this service, or, where none is set, the one it listens on. */
export const issuerOf = ({ ISSUER, HOST, PORT }: Settings): string => ISSUER ?? `http://${hostOf(HOST)}:${PORT}`

/** The domain of texts: the issuer's unless it is set. An IPv6 address cannot stand there. */
export const domainOf = (settings: Settings): string => {
  if (settings.SMS_DOMAIN !== undefined) return settings.SMS_DOMAIN
  const { hostname } = new URL(issuerOf(settings))
  return hostname.startsWith('[') ? 'localhost' : hostname
}

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

const readOverrides = (path: string | undefined): TextOverrides => {
  if (path === undefined) return {}
  try {
    const overrides: unknown = JSON.parse(readTextFileSync(path))
    if (typeof overrides === 'object' && overrides !== null && !Array.isArray(overrides))
      return overrides as TextOverrides
    throw new Error('it holds no JSON object')
  } catch (error) {
    throw new Error(`SMS_TEXTS_FILE cannot be read: ${(error as Error).message}`)
  }
}

/** The texts that fit these settings. Throws one error with every fault of them. */
export const createTextsFor = (settings: Settings, domain: string): Texts =>
  createTexts({
    serviceName: settings.SERVICE_NAME,
    domain,
    codeLength: settings.CODE_LENGTH,
    overrides: readOverrides(settings.SMS_TEXTS_FILE),
    ...(settings.SMS_LOCALES.length > 0 && { locales: settings.SMS_LOCALES }),
    ...(settings.ANDROID_APP_HASH !== undefined && { androidAppHash: settings.ANDROID_APP_HASH }),
  })

/** Everything between a code and a phone. */
export interface Delivery {
  dispatcher: Dispatch
  texts: Texts
  chooseLocale: LocaleChoice
  scenarios: Scenarios
}

/** Puts routes, circuits, prices, texts and scenario numbers together, from settings that were checked. */
export const createDelivery = (
  settings: Settings,
  { texts, providers, ledger, clock, onBreaker }: DeliveryParts,
): Delivery => {
  const { numbers } = parseScenarios(settings.SCENARIO_NUMBERS, {
    codeLength: settings.CODE_LENGTH,
    strict: settings.NODE_ENV === 'production',
    now: clock.now(),
  })
  const scenarios = createScenarios({ numbers, now: clock.now, receive: ledger.receive })
  return {
    texts,
    chooseLocale: createLocaleChoice(texts.locales),
    scenarios,
    dispatcher: createDispatch({
      providers,
      routes: parseRoutes(settings.SMS_ROUTES ?? '', settings.SMS_PROVIDERS),
      prices: parsePrices(settings.SMS_PRICES),
      breakers: { ...BREAKER, now: clock.elapsed, onChange: onBreaker },
      deadline: (ms) => AbortSignal.timeout(ms),
      scenario: scenarios.providerFor,
    }),
  }
}
