import { Problem } from '../../errors.ts'
import { type BeginDeps, createBegin } from '../challenge/begin.ts'
import { findDelivering } from '../challenge/factor.ts'
import type { DeliveryOptions, OpenChallenge } from '../challenge/issue.ts'
import { stepUpProblem } from '../session/authorize.ts'
import type { Authorized } from '../session/ports.ts'
import type { RequestContext } from '../terms.ts'

/** Opens a challenge that changes the phone number of the caller's account. */
export type ChangePhone = (
  authorized: Authorized,
  input: { phone: string } & DeliveryOptions,
  context: RequestContext,
) => Promise<OpenChallenge>

/**
 * Makes `ChangePhone` (SP 800-63B-4 §4.1.2.1). The code goes to the new number. The old number stays in use until the
 * code is entered at `/phone/verify`. The session must be fresh at both calls; the store checks it.
 *
 * Throws `forbidden` without a fresh session, and what `createBegin` throws. The response never reveals whether another
 * account has the number.
 */
export const createChangePhone = (deps: BeginDeps): ChangePhone => {
  const begin = createBegin(deps)

  return async ({ account, sessionId }, { phone: number, ...deliveryOptions }, context) => {
    const factor = findDelivering(deps.factors)
    const enrolled = account.factors.find(({ name }) => name === factor?.name)
    if (!enrolled || !factor) throw new Problem('factor_disabled')
    const phone = factor.delivery.readDestination(number)
    return begin(
      {
        ...deliveryOptions,
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
