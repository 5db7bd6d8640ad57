import { isSupportedCountry } from 'libphonenumber-js/max'
import { parsePrices } from '../delivery/prices.ts'
import { parseRoutes } from '../delivery/routing.ts'
import { parseCostBudgets, parseMessageBudgets } from '../guard/budgets.ts'
import { parseRuleNumbers } from '../guard/rule-numbers.ts'
import { parseScenarios } from '../providers/development/scenarios.ts'
import type { Settings } from './schema.ts'

/** Yields the error of a parser, prefixed with the name of its setting. */
const faultOf = function* (setting: string, parse: () => unknown, example = ''): Generator<string> {
  try {
    parse()
  } catch (error) {
    yield `${setting} ${(error as Error).message}${example}`
  }
}

/** Yields a fault for countries without a price: their messages would cost nothing in a cost budget. */
const priceFaults = function* ({ SMS_PRICES, SMS_COUNTRIES }: Settings): Generator<string> {
  const priced = new Set(SMS_PRICES.map((item) => item.split('=')[0]))
  const unpriced = priced.has('*') ? [] : SMS_COUNTRIES.filter((country) => !priced.has(country))
  if (unpriced.length === 0 && priced.size > 0) return
  const where = unpriced.join(', ') || 'any country'
  yield `SMS_BUDGET_COST needs a price for ${where} in SMS_PRICES. For example: SMS_PRICES=*=0.08`
}

/** Yields the faults in routes, prices, budgets, guard limits, scenario numbers and countries. `now` is in ms. */
export const deliveryFaults = function* (settings: Settings, now: number): Generator<string> {
  yield* faultOf('SMS_ROUTES', () => parseRoutes(settings.SMS_ROUTES ?? '', settings.SMS_PROVIDERS))
  yield* faultOf('SMS_PRICES', () => parsePrices(settings.SMS_PRICES))
  yield* faultOf('SMS_BUDGET_MESSAGES', () => parseMessageBudgets(settings.SMS_BUDGET_MESSAGES))
  yield* faultOf('SMS_BUDGET_COST', () => parseCostBudgets(settings.SMS_BUDGET_COST))
  yield* faultOf(
    'SMS_GUARD_LIMITS',
    () => parseRuleNumbers(settings.SMS_GUARD_LIMITS),
    '. For example: address.perHour=50',
  )
  yield* parseScenarios(settings.SCENARIO_NUMBERS, {
    codeLength: settings.CODE_LENGTH,
    strict: settings.NODE_ENV === 'production',
    now,
  }).faults
  if (settings.SMS_BUDGET_COST.length > 0) yield* priceFaults(settings)
  for (const country of settings.SMS_COUNTRIES) {
    if (!isSupportedCountry(country))
      yield `SMS_COUNTRIES names "${country}", which is not a country code. For example: US,CA`
  }
}
