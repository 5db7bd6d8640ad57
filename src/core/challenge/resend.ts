import { Problem } from '../../errors.ts'
import type { Tokens } from '../session/tokens.ts'
import type { RequestContext } from '../terms.ts'
import { idempotentRequest } from './idempotency.ts'
import { createIssue, type DeliveryOptions, type IssueDeps, type OpenChallenge } from './issue.ts'
import { closedProblem } from './verify.ts'

/** The dependencies of `Resend`. */
export interface ResendDeps extends IssueDeps {
  tokens: Tokens
}

/** Sends another code for an open challenge. */
export type Resend = (
  input: { pendingToken: string } & DeliveryOptions,
  context: RequestContext,
) => Promise<OpenChallenge>

/**
 * Makes `Resend`. The new code invalidates the previous one. The count of guesses and the expiry of the challenge stay.
 * A provider or channel that failed to deliver is tried last.
 *
 * Throws what `createIssue` throws, what `verify` throws for a closed challenge, and `validation_failed` for a
 * challenge whose factor sends nothing.
 */
export const createResend = (deps: ResendDeps): Resend => {
  const { challenges, tokens, factors, journal } = deps
  const issue = createIssue(deps)

  return async ({ pendingToken, ...deliveryOptions }, context) => {
    const { pepper, ...claims } = tokens.verifyPending(pendingToken)
    const view = await challenges.find(claims)
    const factor = factors.find(({ name }) => name === view?.factor)
    if (!view || !factor) throw new Problem('challenge_invalid')
    if (!view.delivery) {
      const errors = [
        { path: '/pending_token', message: `belongs to the factor "${factor.name}", which sends no code` },
      ]
      throw new Problem('validation_failed', { errors })
    }
    const { channel, client, idempotencyKey } = deliveryOptions
    const { destination, resendIn } = view.delivery
    const asker = { user_id: claims.userId, challenge_id: claims.challengeId }

    return issue(
      {
        factor,
        factors: view.factors,
        claims,
        pepper,
        from: { destination, formerChannel: view.delivery.channel, failed: view.failed, locale: view.locale },
        deliveryOptions,
        // A closed challenge gets no code after any wait.
        resendIn: view.state === 'waiting' ? resendIn : Number.POSITIVE_INFINITY,
        request:
          idempotencyKey === undefined
            ? undefined
            : idempotentRequest(idempotencyKey, ['resend', claims.challengeId, channel, client], {
                issuedAt: tokens.clock(),
                secretId: tokens.secret().id,
              }),
        asker,
        async store(made) {
          const replaced = await challenges.replaceCode({ ...claims, ...made })
          if (replaced.outcome === 'gone' || replaced.outcome === 'locked' || replaced.outcome === 'disabled') {
            journal('resend_refused', context, { ...asker, reason: replaced.outcome })
            throw closedProblem(replaced)
          }
          return replaced
        },
        withdraw: ({ undo }) => challenges.withdrawReplace(claims, undo),
        token: () => pendingToken,
        formerToken: () => pendingToken,
      },
      context,
    )
  }
}
