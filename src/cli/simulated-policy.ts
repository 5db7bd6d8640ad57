import type { GuardPolicy } from '../core/guard/rules.ts'
import { limitsFor } from '../core/limits.ts'
import { parseCostBudgets, parseMessageBudgets } from '../guard/budgets.ts'
import { parseRuleNumbers } from '../guard/rule-numbers.ts'
import { readSettings } from '../settings/read.ts'
import { policyOf } from '../start/guard.ts'
import { UsageError, type World } from './command.ts'

/** Runs a parser and prefixes its error with the name of the setting or option. */
const withName = <T>(setting: string, parse: () => T, Kind: new (message: string) => Error = Error): T => {
  try {
    return parse()
  } catch (error) {
    throw new Kind(`${setting} ${(error as Error).message}.`)
  }
}

/** Returns the key of an item: the `US` of `US=500`. */
const scopeOf = (item: string): string | undefined => item.split('=')[0]

/**
 * Returns the policy of a server with these settings, with replaced budgets (`US=500`, messages) and rule limits
 * (`prefix.perHour=4`). Throws a `UsageError` with the valid names for an unknown one.
 */
export const simulatedPolicy = (
  env: World['env'],
  { budgets, numbers }: { budgets: readonly string[]; numbers: readonly string[] },
): GuardPolicy => {
  const settings = readSettings({ env }, [
    'CODE_TTL',
    'RESEND_COOLDOWN',
    'SMS_BUDGET_MESSAGES',
    'SMS_BUDGET_COST',
    'HUMAN_CHECK',
    'SMS_GUARD',
    'SMS_GUARD_LIMITS',
    'RATE_LIMIT',
  ])
  const limits = limitsFor({ codeTtl: settings.CODE_TTL, resendCooldown: settings.RESEND_COOLDOWN })
  withName('--budget', () => parseMessageBudgets(budgets), UsageError)
  withName('SMS_BUDGET_MESSAGES', () => parseMessageBudgets(settings.SMS_BUDGET_MESSAGES))
  withName('SMS_BUDGET_COST', () => parseCostBudgets(settings.SMS_BUDGET_COST))
  const replaced = new Set(budgets.map(scopeOf))
  const SMS_BUDGET_MESSAGES = [
    ...settings.SMS_BUDGET_MESSAGES.filter((item) => !replaced.has(scopeOf(item))),
    ...budgets,
  ]
  const tried = withName('--set', () => parseRuleNumbers(numbers), UsageError)
  withName('SMS_GUARD_LIMITS', () => parseRuleNumbers(settings.SMS_GUARD_LIMITS))
  const named = new Set(numbers.map(scopeOf))
  const SMS_GUARD_LIMITS = [...settings.SMS_GUARD_LIMITS.filter((item) => !named.has(scopeOf(item))), ...numbers]
  const rules = Object.entries(parseRuleNumbers(SMS_GUARD_LIMITS))
  return {
    ...policyOf({ ...settings, SMS_BUDGET_MESSAGES, SMS_GUARD_LIMITS }, limits),
    // A rule with a replaced limit is on, even if the settings switch it off.
    ...Object.fromEntries(rules.filter(([rule]) => Object.hasOwn(tried, rule))),
  }
}
