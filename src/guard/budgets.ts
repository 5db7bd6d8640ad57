import { isSupportedCountry } from 'libphonenumber-js/max'
import type { Budget, Budgets } from '../core/guard/rules.ts'

/** A faulty part of a budget setting, in words. */
class BudgetsError extends Error {
  override readonly name = 'BudgetsError'
}

const SCOPES: Record<string, string> = { all: '*' }

/** Reads `all=20000,each=5000,US=10000`. Throws `BudgetsError` for what has another form. */
const parseAmounts = (items: readonly string[], form: RegExp, example: string): Map<string, number> => {
  const amounts = new Map<string, number>()
  for (const item of items) {
    const [scope = '', amount = '', ...rest] = item.split('=')
    const isScope = scope === 'all' || scope === 'each' || isSupportedCountry(scope)
    if (!isScope || !form.test(amount) || rest.length > 0) {
      throw new BudgetsError(`has "${item}", which is not all, each or COUNTRY and an amount. For example: ${example}`)
    }
    if (amounts.has(SCOPES[scope] ?? scope)) throw new BudgetsError(`has ${scope} twice. For example: ${example}`)
    amounts.set(SCOPES[scope] ?? scope, Number(amount))
  }
  return amounts
}

/** Messages a day by scope, as `SMS_BUDGET_MESSAGES` has them. Throws in words what has another form. */
export const parseMessageBudgets = (items: readonly string[]): Map<string, number> =>
  parseAmounts(items, /^\d{1,9}$/, 'all=20000,each=5000,US=10000')

/** Money a day by scope, as `SMS_BUDGET_COST` has it. Throws in words what has another form. */
export const parseCostBudgets = (items: readonly string[]): Map<string, number> =>
  parseAmounts(items, /^\d{1,9}(?:\.\d{1,6})?$/, 'all=500,each=100,US=300.50')

/** Both together, by scope: a country without an amount of its own in one of them has that of `each`. */
export const combineBudgets = (messages: Map<string, number>, cost: Map<string, number>): Budgets => {
  const amountIn = (amounts: Map<string, number>, scope: string) =>
    amounts.get(scope) ?? (scope === '*' ? undefined : amounts.get('each')) ?? null
  const budgetOf = (scope: string): Budget => ({
    messages: amountIn(messages, scope),
    cost: amountIn(cost, scope),
  })
  return Object.fromEntries([...new Set([...messages.keys(), ...cost.keys()])].map((scope) => [scope, budgetOf(scope)]))
}
