import type { SimulatedVerdict } from '../../tools/guard-simulator/simulated-send.ts'
import type { TallyRow } from '../../tools/guard-simulator/tally.ts'
import type { GuardBlock, SpentBudget } from '../store/guard/index.ts'
import { columns, timeOf } from './table.ts'

const SCOPES: Record<string, string> = { '*': 'all', '-': 'no country' }

/** Formats blocks as a table, one a line. */
export const blockTable = (blocks: readonly GuardBlock[]): string =>
  columns(
    ['TARGET', 'RULE', 'STATE', 'SINCE', 'UNTIL', 'TIMES'],
    blocks.map((block) => [
      block.target,
      block.rule,
      block.isHalfOpen ? 'tried' : 'closed',
      timeOf(block.startsAt),
      timeOf(block.endsAt),
      String(block.strikes),
    ]),
  )

/** Formats the use of the budgets of today as a table, one budget a line. */
export const budgetTable = (budgets: readonly SpentBudget[]): string =>
  columns(
    ['BUDGET', 'MESSAGES', 'COST', 'CHECKS SINCE', 'EMPTY SINCE'],
    budgets.map(({ scope, messages, cost, softAt, hardAt }) => [
      SCOPES[scope] ?? scope,
      String(messages),
      cost,
      softAt ? timeOf(softAt) : '-',
      hardAt ? timeOf(hardAt) : '-',
    ]),
  )

const outcomeOf = ({ verdict, checked }: SimulatedVerdict): string => {
  if (verdict === 'send') return checked ? 'sent after a check' : 'sent'
  return verdict === 'check' ? 'stopped by a check' : 'refused'
}

/** Formats a share as a percentage with two decimals. */
export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`

/** Formats the results of a simulation as a table, one line for each kind, outcome and rule. */
export const tallyTable = (rows: readonly TallyRow[]): string =>
  columns(
    ['KIND', 'OUTCOME', 'RULE', 'SENDS', 'SHARE'],
    rows.map((row) => [row.kind, outcomeOf(row), row.rule ?? '-', String(row.sends), percent(row.share)]),
  )
