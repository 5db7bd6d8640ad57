import { GUARD_RULES, type GuardPolicy } from '../core/guard-rules.ts'
import { limitsFor } from '../core/limits.ts'
import { parseCostBudgets, parseMessageBudgets } from '../guard/budgets.ts'
import { policyOf } from '../guard.ts'
import { readSettings } from '../load-config.ts'
import { UsageError, type World } from './command.ts'

type Numbers = Record<string, Record<string, number>>

/** The rules with some of their numbers replaced, as `prefix.perHour=4` says it. */
const withNumbers = (policy: GuardPolicy, assignments: readonly string[]): GuardPolicy => {
  const changed: Numbers = {}
  for (const assignment of assignments) {
    const [, rule = '', name = '', value = ''] = /^(\w+)\.(\w+)=(.*)$/.exec(assignment) ?? []
    const rules: Numbers = GUARD_RULES
    if (rules[rule]?.[name] === undefined) {
      const names = Object.entries(rules).flatMap(([rule, of]) => Object.keys(of).map((name) => `${rule}.${name}`))
      throw new UsageError(`--set has "${assignment}", which is no rule and number. There are: ${names.join(', ')}.`)
    }
    if (!/^\d{1,9}(?:\.\d{1,6})?$/.test(value))
      throw new UsageError(`--set ${rule}.${name} takes a number, not "${value}".`)
    if (Number.isInteger(rules[rule][name]) && value.includes('.')) {
      throw new UsageError(`--set ${rule}.${name} takes a whole number, not "${value}".`)
    }
    changed[rule] = { ...rules[rule], ...changed[rule], [name]: Number(value) }
  }
  return { ...policy, ...changed }
}

const inWords = <T>(setting: string, parse: () => T, Kind: new (message: string) => Error = Error): T => {
  try {
    return parse()
  } catch (error) {
    throw new Kind(`${setting} ${(error as Error).message}.`)
  }
}

/** What a budget is of, in `US=500`. */
const scopeOf = (item: string): string | undefined => item.split('=')[0]

/**
 * The policy of a server with these settings, with some budgets (`US=500`, messages) and numbers of rules
 * (`prefix.perHour=4`) replaced. Throws a `UsageError` for what is none, with the names of those that there are.
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
    'RATE_LIMIT',
  ])
  const limits = limitsFor({ codeTtl: settings.CODE_TTL, resendCooldown: settings.RESEND_COOLDOWN })
  inWords('--budget', () => parseMessageBudgets(budgets), UsageError)
  inWords('SMS_BUDGET_MESSAGES', () => parseMessageBudgets(settings.SMS_BUDGET_MESSAGES))
  inWords('SMS_BUDGET_COST', () => parseCostBudgets(settings.SMS_BUDGET_COST))
  const replaced = new Set(budgets.map(scopeOf))
  const SMS_BUDGET_MESSAGES = [
    ...settings.SMS_BUDGET_MESSAGES.filter((item) => !replaced.has(scopeOf(item))),
    ...budgets,
  ]
  return withNumbers(policyOf({ ...settings, SMS_BUDGET_MESSAGES }, limits), numbers)
}
