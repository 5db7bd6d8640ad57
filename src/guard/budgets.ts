import { isSupportedCountry } from 'libphonenumber-js/max'
import type { Budget, Budgets } from '../core/guard/rules.ts'

/** An error in a budget setting, as the end of a sentence about it. */
class BudgetsError extends Error {
  override readonly name = 'BudgetsError'
}

const SCOPES: Record<string, string> = { all: '*' }

/** Reads `all=20000,each=5000,US=10000`. Throws `BudgetsError` for another form. */
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

/** Reads messages a day by scope from `SMS_BUDGET_MESSAGES`. Throws an error that names the faulty item. */
export const parseMessageBudgets = (items: readonly string[]): Map<string, number> =>
  parseAmounts(items, /^\d{1,9}$/, 'all=20000,each=5000,US=10000')

/** Reads the cost a day by scope from `SMS_BUDGET_COST`. Throws an error that names the faulty item. */
export const parseCostBudgets = (items: readonly string[]): Map<string, number> =>
  parseAmounts(items, /^\d{1,9}(?:\.\d{1,6})?$/, 'all=500,each=100,US=300.50')

/** Combines both budgets by scope. A country that one of them does not name has the amount of `each` there. */
export const combineBudgets = (messages: Map<string, number>, cost: Map<string, number>): Budgets => {
  const amountIn = (amounts: Map<string, number>, scope: string) =>
    amounts.get(scope) ?? (scope === '*' ? undefined : amounts.get('each')) ?? null
  const budgetOf = (scope: string): Budget => ({
    messages: amountIn(messages, scope),
    cost: amountIn(cost, scope),
  })
  return Object.fromEntries([...new Set([...messages.keys(), ...cost.keys()])].map((scope) => [scope, budgetOf(scope)]))
}
