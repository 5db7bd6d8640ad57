import { Problem } from '../../errors.ts'
import { assertTimeToSend } from '../deadline.ts'
import { maskPhone } from '../delivery/phone.ts'
import type { RequestContext } from '../terms.ts'
import type { BeginDeps, OpenChallenge } from './begin.ts'
import { hashCode, makeCode } from './code.ts'
import { deliverCode } from './deliver.ts'
import type { CodeFactor } from './factor.ts'
import { idempotentRequest } from './idempotency.ts'
import { type DeliveryWish, findFirst, firstOrRefuse, guardRequest } from './issue.ts'
import type { Replay } from './ports.ts'
import { closedProblem } from './verify.ts'

/** Sends another code for an open challenge. */
export type Resend = (input: { pendingToken: string } & DeliveryWish, context: RequestContext) => Promise<OpenChallenge>

/**
 * Another code for a challenge that still waits: the former code dies, the attempts already made count on, and the
 * challenge ends when it would have ended. A company or channel that did not deliver comes last.
 *
 * Throws `resend_cooldown`, `rate_limited`, `forbidden` (a human check comes first), `sms_unavailable`, the problems of an
 * `Idempotency-Key`, and whatever `verify` throws of a challenge that is over.
 */
export const createResend = (deps: BeginDeps & { factors: readonly CodeFactor[] }): Resend => {
  const { challenges, ledger, tokens, factors, journal, codeLength } = deps

  return async (input, context) => {
    const { pepper, ...claims } = tokens.verifyPending(input.pendingToken)
    const view = await challenges.find(claims)
    const factor = factors.find(({ name }) => name === view?.factor)
    if (!view || !factor || view.phone === null) throw new Problem('challenge_invalid')
    const { phone } = view
    const asker = { user_id: claims.userId, challenge_id: claims.challengeId }
    const { channel, client, idempotencyKey } = input
    const request =
      idempotencyKey === undefined
        ? undefined
        : idempotentRequest(idempotencyKey, ['resend', claims.challengeId, channel, client], {
            issuedAt: tokens.clock(),
            secretId: tokens.secret().id,
          })
    const common = { pendingToken: input.pendingToken, factor: factor.name, factors: view.factors, codeLength }
    const destination = maskPhone(phone)
    /** The answer of the first call, made again. */
    const again = (first: Replay): OpenChallenge => ({
      ...common,
      expiresIn: first.expiresIn,
      delivery: { channel: first.channel, destination, status: first.delivery, resendIn: first.resendIn },
    })
    const first = await findFirst(deps, request, context, asker)
    if (first) return again(first)

    factor.assertAllowed(phone)
    const code = factor.fixedCode(phone) ?? makeCode(codeLength)
    const plan = factor.plan({
      phone,
      code,
      channel,
      formerChannel: view.channel,
      failed: view.failed,
      locale: view.locale,
      acceptLanguage: input.acceptLanguage,
      client,
    })
    // A challenge that is over will have no code, however long one waits.
    const resendIn = view.state === 'waiting' ? view.resendIn : Number.POSITIVE_INFINITY
    const message = { factor, phone, plan, resendIn, answer: input.humanCheck, purpose: claims.purpose }
    const guard = await guardRequest(deps, message, context, asker)
    assertTimeToSend(context)
    const replaced = await challenges.replaceCode({
      ...claims,
      channel: plan.channel,
      codeHash: hashCode(pepper, claims, claims.key, code),
      send: plan.first,
      guard,
      request,
    })
    if (replaced.outcome === 'gone' || replaced.outcome === 'locked' || replaced.outcome === 'disabled') {
      journal('resend_refused', context, { ...asker, reason: replaced.outcome })
      throw closedProblem(replaced)
    }
    if (replaced.outcome !== 'replaced') return again(await firstOrRefuse(deps, replaced, request, context, asker))

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
      ...common,
      expiresIn: replaced.expiresIn,
      delivery: { channel: plan.channel, destination, status, resendIn: replaced.resendIn },
    }
  }
}
