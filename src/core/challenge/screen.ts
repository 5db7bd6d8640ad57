import { Problem } from '../../errors.ts'
import type { Journal } from '../audit/journal.ts'
import type { SendPlan } from '../delivery/ports.ts'
import type { GuardRequest, HumanCheck, NumberIntelligence } from '../guard/ports.ts'
import type { Purpose, RequestContext } from '../terms.ts'
import type { Factor } from './factor.ts'
import type { Asker } from './held.ts'

/** The dependencies of `guardRequest`. */
export interface ScreenDeps {
  journal: Journal
  humanCheck: HumanCheck | undefined
  intelligence: NumberIntelligence | undefined
}

/**
 * Returns the guard's input for a message. It skips the number lookup, which costs money, while the caller must wait
 * anyway (`resendIn` seconds). Throws `destination_not_allowed` for a number whose SIM was swapped recently: the caller
 * may be the attacker.
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
  // An unavailable check must not lock out users with the correct password. A registration has no such password.
  const mayPass = purpose === 'register' ? ['passed'] : ['passed', 'unavailable']
  if (passed === 'unavailable') journal('human_check_unavailable', context, { ...asker, check: humanCheck?.name })
  return { ...plan.guard, phone: destination, host, network, human: mayPass.includes(passed) }
}
