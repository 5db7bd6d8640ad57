import { Problem } from '../../errors.ts'
import { type BeginDeps, createBegin } from '../challenge/begin.ts'
import { type Factor, findDelivering } from '../challenge/factor.ts'
import type { DeliveryOptions, OpenChallenge } from '../challenge/issue.ts'
import { stepUpProblem } from '../session/authorize.ts'
import type { Authorized } from '../session/ports.ts'
import type { RequestContext } from '../terms.ts'

/** Opens a challenge that binds another phone number to the caller's account. */
export type ChangePhone = (
  authorized: Authorized,
  input: { phone: string } & DeliveryOptions,
  context: RequestContext,
) => Promise<OpenChallenge>

/**
 * Binds another number to an account (SP 800-63B-4 §4.1.2.1): a code goes to the new one, and the old one keeps working
 * until it is entered at `/phone/verify`. The session that asks must be fresh, then as now; the store sees to it.
 *
 * Throws `forbidden` where it is not, and what `createBegin` throws. Of a number it never says whether somebody has it.
 */
export const createChangePhone = (deps: BeginDeps & { factors: readonly Factor[] }): ChangePhone => {
  const begin = createBegin(deps)

  return async ({ account, sessionId }, { phone: number, ...wish }, context) => {
    const factor = findDelivering(deps.factors)
    const enrolled = account.factors.find(({ name }) => name === factor?.name)
    if (!enrolled || !factor) throw new Problem('factor_disabled')
    const phone = factor.delivery.readDestination(number)
    return begin(
      {
        ...wish,
        purpose: 'phone',
        account,
        factor,
        enrolled: enrolled.destination,
        destination: phone,
        password: '',
        parts: [account.userId, phone],
        bySession: sessionId,
        changed: stepUpProblem,
      },
      context,
    )
  }
}
