import { type Finding, fault, ok, warning } from './finding.ts'

/** What is set, and what the database says beside it. */
export interface CountriesLook {
  countries: readonly string[]
  /** Countries with a price, `*` for all others. */
  priced: ReadonlySet<string>
  /** Messages and money a day by scope, `*` for all together. */
  messages: ReadonlyMap<string, number>
  cost: ReadonlyMap<string, number>
  /** Users there are; undefined where nobody could look. */
  users: number | undefined
}

/** More countries than most services have users in. */
const MANY_COUNTRIES = 40

/** A message budget that is many times what all users can cause is no limit to whoever causes more. */
const MESSAGES_A_USER = 10
const LEAST = 1_000

/** Where codes go, and what they may cost at most. */
export const checkCountries = ({ countries, priced, messages, cost, users }: CountriesLook): Finding[] => {
  const findings: Finding[] = []
  if (countries.length === 0)
    findings.push(
      fault('SMS_COUNTRIES', 'No country is named.', 'Name those you have users in. For example: SMS_COUNTRIES=US,CA'),
    )
  else if (countries.length > MANY_COUNTRIES)
    findings.push(
      warning(
        'SMS_COUNTRIES',
        `${countries.length} countries are named: each is a place to which somebody can have you send.`,
        'Take out those in which you have no users.',
      ),
    )
  else findings.push(ok('SMS_COUNTRIES', `Codes go to ${countries.join(', ')} and nowhere else.`))

  const all = cost.get('*')
  const unpriced = priced.has('*') ? [] : countries.filter((country) => !priced.has(country))
  if (cost.size === 0)
    findings.push(
      warning(
        'SMS_BUDGET_COST',
        'Messages are limited, and money is not.',
        'For example: SMS_PRICES=*=0.08 and SMS_BUDGET_COST=all=500; and a spending cap at the company.',
      ),
    )
  else if (unpriced.length > 0)
    findings.push(
      fault(
        'SMS_PRICES',
        `There is no price for ${unpriced.join(', ')}: messages there cost nothing in the budget.`,
        'For example: SMS_PRICES=*=0.08',
      ),
    )
  else
    findings.push(
      ok(
        'SMS_BUDGET_COST',
        `At most ${all ?? 'the sum of all countries'} a day${all === undefined ? '' : `, ${Math.round(all * 30)} a month`}, in the currency of SMS_PRICES.`,
      ),
    )

  const most = messages.get('*')
  const sane = users === undefined ? undefined : Math.max(LEAST, users * MESSAGES_A_USER)
  if (most !== undefined && sane !== undefined && most > sane)
    findings.push(
      warning(
        'SMS_BUDGET_MESSAGES',
        `${most} messages a day are allowed, for ${users} users: somebody who attacks may use up what they never would.`,
        `For example: SMS_BUDGET_MESSAGES=all=${sane},each=${Math.ceil(sane / 2)}`,
      ),
    )
  else if (most !== undefined)
    findings.push(
      ok('SMS_BUDGET_MESSAGES', `At most ${most} messages a day${users === undefined ? '' : `, for ${users} users`}.`),
    )
  return findings
}
