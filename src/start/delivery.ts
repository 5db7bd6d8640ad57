import type { Factor } from '../core/challenge/factor.ts'
import type { Carrier, Provider, SendLedger } from '../core/delivery/ports.ts'
import type { BreakerState } from '../delivery/breakers.ts'
import { createDispatch, type Dispatch } from '../delivery/dispatch.ts'
import { parsePrices } from '../delivery/prices.ts'
import { parseRoutes } from '../delivery/routing.ts'
import { createFactors } from '../factors/index.ts'
import { createLocaleChoice, type LocaleChoice } from '../factors/sms/locale.ts'
import type { Texts } from '../factors/sms/render-texts.ts'
import { createScenarios, parseScenarios, type Scenarios } from '../providers/development/scenarios.ts'
import type { Settings } from '../settings/schema.ts'
import type { Clock } from './clock.ts'
import type { Foundation } from './foundation.ts'
import type { Sending } from './providers.ts'

/** The number of failures in a row that open a provider's circuit breaker, and the time it stays open, in ms. */
const BREAKER = { failures: 5, openFor: 3_000 }

/** Dependencies of the delivery besides its settings. */
export interface DeliveryParts {
  texts: Texts
  providers: readonly Provider[]
  ledger: SendLedger
  clock: Clock
  onBreaker: (carrier: Carrier, state: BreakerState) => void
}

/** The delivery of messages: providers behind routes and circuit breakers, texts, and scenario numbers. */
export interface Delivery {
  dispatcher: Dispatch
  texts: Texts
  chooseLocale: LocaleChoice
  scenarios: Scenarios
}

/** Creates the parts that send messages (texts, dispatcher, scenario numbers) from validated settings. */
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

/** The factors, and the state of the providers that deliver their codes. */
export interface OpenedFactors {
  factors: readonly Factor[]
  deliveryStates: Dispatch['states']
}

/** Creates the factors with their delivery. Logs each change of a circuit breaker. */
export const openFactors = (
  { settings, clock, logger, firstKeys }: Foundation,
  sending: Sending,
  ledger: SendLedger,
): OpenedFactors => {
  const delivery = createDelivery(settings, {
    ...sending,
    ledger,
    clock,
    onBreaker: ({ provider, channel }, state) =>
      logger.warn({ event: 'circuit', provider, channel, state }, `${provider} ${channel}: circuit ${state}`),
  })
  const factors = createFactors({
    sms: {
      ...delivery,
      codeLength: settings.CODE_LENGTH,
      countries: settings.SMS_COUNTRIES,
      voip: settings.SMS_VOIP,
      safeNumbers: settings.SMS_SAFE_NUMBERS,
      phoneKey: firstKeys.phoneKey,
    },
  })
  return { factors, deliveryStates: delivery.dispatcher.states }
}
