import { GUARD_RULES, type GuardRuleNumbers } from '../core/guard/rules.ts'

/** An error in a list of rule numbers, as the end of a sentence about it. */
class RuleNumbersError extends Error {
  override readonly name = 'RuleNumbersError'
}

type Numbers = Record<string, Record<string, number>>

/**
 * Reads numbers of the guard's rules, such as `address.perHour=50`. Whole numbers are at least 1, shares are from 0 to
 * 1. Returns each named rule, with defaults for its other numbers. Throws an error that names the faulty item.
 */
export const parseRuleNumbers = (items: readonly string[]): GuardRuleNumbers => {
  const rules: Numbers = GUARD_RULES
  const changed: Numbers = {}
  const seen = new Set<string>()
  for (const item of items) {
    const [, rule = '', name = '', value = ''] = /^(\w+)\.(\w+)=(.*)$/.exec(item) ?? []
    const standard = rules[rule]?.[name]
    if (standard === undefined) {
      const names = Object.entries(rules).flatMap(([rule, of]) => Object.keys(of).map((name) => `${rule}.${name}`))
      throw new RuleNumbersError(`has "${item}", which is not a rule with a number. There are: ${names.join(', ')}`)
    }
    const number = `${rule}.${name}`
    if (seen.has(number)) throw new RuleNumbersError(`has ${number} twice`)
    seen.add(number)
    if (!/^\d{1,9}(?:\.\d{1,6})?$/.test(value)) throw new RuleNumbersError(`${number} takes a number, not "${value}"`)
    if (Number.isInteger(standard) && value.includes('.'))
      throw new RuleNumbersError(`${number} takes a whole number, not "${value}"`)
    // A cap of 0 would block every send.
    if (Number.isInteger(standard) && Number(value) < 1)
      throw new RuleNumbersError(`${number} takes at least 1, not "${value}"`)
    if (!Number.isInteger(standard) && Number(value) > 1)
      throw new RuleNumbersError(`${number} takes a share from 0 to 1, not "${value}"`)
    changed[rule] = { ...rules[rule], ...changed[rule], [name]: Number(value) }
  }
  return changed as GuardRuleNumbers
}
