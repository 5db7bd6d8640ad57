import { Problem } from '../../errors.ts'
import type { Journal } from '../audit/journal.ts'
import type { SendPlan } from '../delivery/ports.ts'
import type { GuardRequest, HumanCheck, NumberIntelligence } from '../guard/ports.ts'
import type { Purpose, RequestContext } from '../terms.ts'
import type { Factor } from './factor.ts'
import type { Asker } from './held.ts'

/** The dependencies of what is asked about a message before the guard decides. */
export interface ScreenDeps {
  journal: Journal
  humanCheck: HumanCheck | undefined
  intelligence: NumberIntelligence | undefined
}

/**
 * Returns what the guard must know of a message. A caller who must wait anyway (`resendIn` seconds) is not looked up, for
 * look-ups cost money. Throws `destination_not_allowed` for a number that was taken over of late: the caller may be its
 * thief.
 */
export const guardRequest = async (
  { humanCheck, intelligence, journal }: ScreenDeps,
  message: { factor: Factor; destination: string; plan: SendPlan; resendIn: number },
  solution: string | undefined,
  purpose: Purpose,
  context: RequestContext,
  asker: Asker,
): Promise<GuardRequest> => {
  const { factor, destination, plan, resendIn } = message
  const { host, network } = context
  const isOpen = resendIn === 0 && plan.guard.applies
  const [risk, passed] = await Promise.all([
    isOpen ? (intelligence?.assess(destination) ?? 'unknown') : 'unknown',
    isOpen && solution !== undefined ? (humanCheck?.verify(solution, context) ?? 'failed') : 'failed',
  ])
  if (risk === 'high') {
    journal('send_refused', context, { ...asker, factor: factor.name, rule: 'number_risk' })
    throw new Problem('destination_not_allowed')
  }
  // A check that is down must not lock out users with the right password; a registration has no password to go by.
  const mayPass = purpose === 'register' ? ['passed'] : ['passed', 'unavailable']
  if (passed === 'unavailable') journal('human_check_unavailable', context, { ...asker, check: humanCheck?.name })
  return { ...plan.guard, phone: destination, host, network, human: mayPass.includes(passed) }
}
