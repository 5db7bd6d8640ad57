import { type Finding, fault, ok, warning } from './finding.ts'

/** The input of the countries check. */
export interface CountriesLook {
  countries: readonly string[]
  /** Countries with a price, `*` for all others. */
  priced: ReadonlySet<string>
  /** Budgets of a day in messages and money by scope; `*` is the total. */
  messages: ReadonlyMap<string, number>
  cost: ReadonlyMap<string, number>
  /** Number of users; undefined if the database could not be read. */
  users: number | undefined
}

/** More countries than most services need. */
const MANY_COUNTRIES = 40

/** Messages a user and day in a reasonable budget. A far larger budget does not limit attackers. */
const MESSAGES_A_USER = 10
/** A budget below this number is never reported. */
const MIN_MESSAGES = 1_000

/** Checks the countries that receive codes, and the budgets. */
export const checkCountries = ({ countries, priced, messages, cost, users }: CountriesLook): Finding[] => {
  const findings: Finding[] = []
  if (countries.length === 0)
    findings.push(
      fault(
        'SMS_COUNTRIES',
        'The list is empty.',
        'List the countries of your users. For example: SMS_COUNTRIES=US,CA',
      ),
    )
  else if (countries.length > MANY_COUNTRIES)
    findings.push(
      warning(
        'SMS_COUNTRIES',
        `The list has ${countries.length} countries. Attackers can trigger messages to each of them.`,
        'Remove the countries without users.',
      ),
    )
  else findings.push(ok('SMS_COUNTRIES', `Codes are sent only to ${countries.join(', ')}.`))

  const all = cost.get('*')
  const unpriced = priced.has('*') ? [] : countries.filter((country) => !priced.has(country))
  if (cost.size === 0)
    findings.push(
      warning(
        'SMS_BUDGET_COST',
        'The number of messages is limited, but their cost is not.',
        'For example: SMS_PRICES=*=0.08 and SMS_BUDGET_COST=all=500; and a spending cap at the provider.',
      ),
    )
  else if (unpriced.length > 0)
    findings.push(
      fault(
        'SMS_PRICES',
        `SMS_PRICES has no price for ${unpriced.join(', ')}, so messages to these countries do not count in the cost budget.`,
        'For example: SMS_PRICES=*=0.08',
      ),
    )
  else
    findings.push(
      ok(
        'SMS_BUDGET_COST',
        `The limit is ${all ?? 'the sum of all countries'} a day${all === undefined ? '' : `, ${Math.round(all * 30)} a month`}, in the currency of SMS_PRICES.`,
      ),
    )

  const most = messages.get('*')
  const reasonable = users === undefined ? undefined : Math.max(MIN_MESSAGES, users * MESSAGES_A_USER)
  if (most !== undefined && reasonable !== undefined && most > reasonable)
    findings.push(
      warning(
        'SMS_BUDGET_MESSAGES',
        `${most} messages a day are allowed for ${users} users. An attacker could use all of them.`,
        `For example: SMS_BUDGET_MESSAGES=all=${reasonable},each=${Math.ceil(reasonable / 2)}`,
      ),
    )
  else if (most !== undefined)
    findings.push(
      ok(
        'SMS_BUDGET_MESSAGES',
        `The limit is ${most} messages a day${users === undefined ? '' : `, for ${users} users`}.`,
      ),
    )
  return findings
}
