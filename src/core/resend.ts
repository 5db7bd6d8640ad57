import { Problem } from '../errors.ts'
import { hashCode, makeCode } from './code.ts'
import { deliverCode } from './deliver.ts'
import type { DeliveryWish, FlowDeps, OpenChallenge } from './login.ts'
import { maskPhone } from './mask.ts'
import type { RequestContext } from './ports.ts'
import { closedProblem } from './verify.ts'

/**
 * Another code for a challenge that still waits: the former code dies, the attempts already made count on, and the
 * challenge ends when it would have ended. A company or channel that did not deliver comes last.
 *
 * Throws `resend_cooldown`, and whatever `verify` throws of a challenge that is over.
 */
export const createResend =
  ({ challenges, ledger, tokens, factors, journal, codeLength }: FlowDeps) =>
  async (input: { pendingToken: string } & DeliveryWish, context: RequestContext): Promise<OpenChallenge> => {
    const { pepper, ...claims } = tokens.verifyPending(input.pendingToken)
    const view = await challenges.find(claims)
    const factor = factors.find(({ name }) => name === view?.factor)
    if (!view || !factor || view.phone === null) throw new Problem('challenge_invalid')
    const { phone } = view
    factor.assertAllowed(phone)

    const code = factor.fixedCode(phone) ?? makeCode(codeLength)
    const plan = factor.plan({
      phone,
      code,
      channel: input.channel,
      formerChannel: view.channel,
      failed: view.failed,
      locale: view.locale,
      acceptLanguage: input.acceptLanguage,
      client: input.client,
    })
    const replaced = await challenges.replaceCode({
      ...claims,
      channel: plan.channel,
      codeHash: hashCode(pepper, claims, claims.key, code),
      send: plan.first,
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
      ledger,
      factor,
      plan,
      journal,
      context,
      claims,
      phone,
      withdraw: () => challenges.withdrawReplace(claims, replaced.undo),
    })
    return {
      pendingToken: input.pendingToken,
      expiresIn: replaced.expiresIn,
      factor: factor.name,
      factors: view.factors,
      codeLength,
      delivery: { channel: plan.channel, destination: maskPhone(phone), status, resendIn: replaced.resendIn },
    }
  }
