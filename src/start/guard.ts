import type { HumanCheck, NonceStore, NumberIntelligence } from '../core/guard/ports.ts'
import { type GuardPolicy, policyFor } from '../core/guard/rules.ts'
import type { Limits } from '../core/limits.ts'
import { combineBudgets, parseCostBudgets, parseMessageBudgets } from '../guard/budgets.ts'
import { humanChecks } from '../guard/human-checks/index.ts'
import { numberIntelligence } from '../guard/number-intelligence/index.ts'
import { parseRuleNumbers } from '../guard/rule-numbers.ts'
import { type Transport, wire } from '../http-client/client.ts'
import type { Settings } from '../settings/schema.ts'
import { SMS_SETTINGS } from '../settings/sms.ts'

/** Dependencies of the guard besides its settings. */
export interface GuardParts {
  limits: Limits
  /** The key of human checks. */
  key: Uint8Array
  nonces: NonceStore
  /** Unix time, ms. */
  now: () => number
  transport?: Transport
}

/** The guard of a server: rules for the database, human check, and number intelligence. */
export interface Guard {
  policy: GuardPolicy
  humanCheck: HumanCheck | undefined
  intelligence: NumberIntelligence | undefined
}

/** The settings that determine a policy. */
export type PolicySettings = Pick<
  Settings,
  'SMS_BUDGET_MESSAGES' | 'SMS_BUDGET_COST' | 'HUMAN_CHECK' | 'RATE_LIMIT' | 'SMS_GUARD' | 'SMS_GUARD_LIMITS'
>

/** Returns the rules that these settings leave on, in the form that the database takes. */
export const policyOf = (
  settings: PolicySettings,
  { codeTtl, cooldowns }: Pick<Limits, 'codeTtl' | 'cooldowns'>,
): GuardPolicy =>
  policyFor({
    budgets: combineBudgets(
      // A budget for one country must not lift the limit of all others.
      new Map([
        ...parseMessageBudgets((SMS_SETTINGS.SMS_BUDGET_MESSAGES as { default?: string[] }).default ?? []),
        ...parseMessageBudgets(settings.SMS_BUDGET_MESSAGES),
      ]),
      parseCostBudgets(settings.SMS_BUDGET_COST),
    ),
    codeTtl,
    cooldowns,
    humanCheck: settings.HUMAN_CHECK !== 'off',
    caps: settings.RATE_LIMIT,
    // A load test looks like fraud.
    fraud: settings.SMS_GUARD && settings.RATE_LIMIT,
    numbers: parseRuleNumbers(settings.SMS_GUARD_LIMITS),
  })

/** Creates the guard from validated settings. */
export const createGuard = (
  settings: Settings & Record<string, unknown>,
  { limits, key, nonces, now, transport = wire }: GuardParts,
): Guard => ({
  policy: policyOf(settings, limits),
  humanCheck: humanChecks
    .find(({ name }) => name === settings.HUMAN_CHECK)
    ?.create(settings, { transport, key, nonces, now }),
  intelligence: numberIntelligence
    .find(({ name }) => name === settings.NUMBER_INTELLIGENCE)
    ?.create(settings, { transport }),
})
