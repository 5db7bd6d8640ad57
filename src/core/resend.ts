import { Problem } from '../errors.ts'
import { hashCode, makeCode } from './code.ts'
import { deliverCode } from './deliver.ts'
import type { FlowDeps, OpenChallenge } from './login.ts'
import { maskPhone } from './mask.ts'
import type { Channel, RequestContext } from './ports.ts'
import { closedProblem } from './verify.ts'

/**
 * Another code for a challenge that still waits: the former code dies, the attempts already made count on, and the
 * challenge ends when it would have ended.
 *
 * Throws `resend_cooldown`, and whatever `verify` throws of a challenge that is over.
 */
export const createResend =
  ({ challenges, tokens, factors, journal, codeLength }: FlowDeps) =>
  async (input: { pendingToken: string; channel?: Channel }, context: RequestContext): Promise<OpenChallenge> => {
    const { pepper, ...claims } = tokens.verifyPending(input.pendingToken)
    const view = await challenges.find(claims)
    const factor = factors.find(({ name }) => name === view?.factor)
    if (!view || !factor || view.phone === null) throw new Problem('challenge_invalid')
    const { phone } = view
    factor.assertAllowed(phone)

    const channel = input.channel ?? view.channel
    const code = makeCode(codeLength)
    const replaced = await challenges.replaceCode({
      ...claims,
      channel,
      codeHash: hashCode(pepper, claims, claims.key, code),
    })
    if (replaced.outcome !== 'replaced') {
      journal('resend_refused', context, {
        user_id: claims.userId,
        challenge_id: claims.challengeId,
        reason: replaced.outcome,
      })
      if (replaced.outcome === 'cooldown') throw new Problem('resend_cooldown', { retryAfter: replaced.retryAfter })
      throw closedProblem(replaced)
    }

    const status = await deliverCode({
      challenges,
      factor,
      journal,
      context,
      claims,
      phone,
      code,
      withdraw: () => challenges.withdrawReplace(claims, replaced.undo),
    })
    return {
      pendingToken: input.pendingToken,
      expiresIn: replaced.expiresIn,
      factor: factor.name,
      factors: view.factors,
      codeLength,
      delivery: { channel, destination: maskPhone(phone), status, resendIn: replaced.resendIn },
    }
  }
