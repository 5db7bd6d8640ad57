import type { GuardBlock, SpentBudget } from '../store/guard/index.ts'
import { type Finding, ok, warning } from './finding.ts'

/** What is set, and what the guard does at this moment; undefined where nobody could look. */
export interface GuardLook {
  isOn: boolean
  humanCheck: string
  state: { blocks: readonly GuardBlock[]; budgets: readonly SpentBudget[] } | undefined
}

const namesOf = (scopes: readonly string[]) => scopes.map((scope) => (scope === '*' ? 'all' : scope)).join(', ')

/** The guard against toll fraud: that it is on, what it holds up now, and which budgets of today run low. */
export const checkGuard = ({ isOn, humanCheck, state }: GuardLook): Finding[] => {
  const findings: Finding[] = [
    isOn
      ? ok('SMS_GUARD', 'The guard is on.')
      : warning('SMS_GUARD=false', 'The guard is off: budgets alone stop whoever has you send.', 'Set it to true.'),
  ]
  if (humanCheck === 'off')
    findings.push(
      warning(
        'HUMAN_CHECK=off',
        'While messages look like fraud unknown users are refused, as they have no way to show that they are human.',
        'For example: HUMAN_CHECK=proof-of-work',
      ),
    )
  if (!state) return findings
  const { blocks, budgets } = state
  const empty = budgets.filter(({ hardAt }) => hardAt).map(({ scope }) => scope)
  const low = budgets.filter(({ softAt, hardAt }) => softAt && !hardAt).map(({ scope }) => scope)
  const look = 'Run: npx doorcode guard list'
  if (blocks.length > 0)
    findings.push(
      warning('what the guard holds up', `Nothing is sent to ${blocks.map(({ target }) => target).join(', ')}.`, look),
    )
  if (empty.length > 0) findings.push(warning("today's budgets", `Used up: ${namesOf(empty)}.`, look))
  if (low.length > 0) findings.push(warning("today's budgets", `They run low: ${namesOf(low)}.`, look))
  if (blocks.length + empty.length + low.length === 0)
    findings.push(ok('what the guard holds up', 'Nothing is blocked, and no budget of today runs low.'))
  return findings
}
