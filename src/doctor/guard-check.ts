import type { GuardBlock, SpentBudget } from '../store/guard/index.ts'
import { type Finding, ok, warning } from './finding.ts'

/** The input of the guard check. `state` is undefined if the database could not be read. */
export interface GuardLook {
  isOn: boolean
  humanCheck: string
  state: { blocks: readonly GuardBlock[]; budgets: readonly SpentBudget[] } | undefined
}

const namesOf = (scopes: readonly string[]) => scopes.map((scope) => (scope === '*' ? 'all' : scope)).join(', ')

/** Checks that the guard is on, and reports its blocks and budgets that are low today. */
export const checkGuard = ({ isOn, humanCheck, state }: GuardLook): Finding[] => {
  const findings: Finding[] = [
    isOn
      ? ok('SMS_GUARD', 'The guard is on.')
      : warning(
          'SMS_GUARD=false',
          'The guard is off: only budgets stop attackers who trigger messages.',
          'Set it to true.',
        ),
  ]
  if (humanCheck === 'off')
    findings.push(
      warning(
        'HUMAN_CHECK=off',
        'While traffic looks like fraud, unknown users are refused, because no check lets them through.',
        'For example: HUMAN_CHECK=proof-of-work',
      ),
    )
  if (!state) return findings
  const { blocks, budgets } = state
  const empty = budgets.filter(({ hardAt }) => hardAt).map(({ scope }) => scope)
  const low = budgets.filter(({ softAt, hardAt }) => softAt && !hardAt).map(({ scope }) => scope)
  const todo = 'Run: npx doorcode guard list'
  if (blocks.length > 0)
    findings.push(
      warning('blocks of the guard', `No messages are sent to ${blocks.map(({ target }) => target).join(', ')}.`, todo),
    )
  if (empty.length > 0) findings.push(warning("today's budgets", `Empty budgets: ${namesOf(empty)}.`, todo))
  if (low.length > 0) findings.push(warning("today's budgets", `Low budgets: ${namesOf(low)}.`, todo))
  if (blocks.length + empty.length + low.length === 0)
    findings.push(ok('blocks of the guard', 'Nothing is blocked, and no budget is low today.'))
  return findings
}
