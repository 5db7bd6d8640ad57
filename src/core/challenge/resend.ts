import { Problem } from '../../errors.ts'
import type { Tokens } from '../session/tokens.ts'
import type { RequestContext } from '../terms.ts'
import type { Factor } from './factor.ts'
import { idempotentRequest } from './idempotency.ts'
import { createIssue, type DeliveryOptions, type IssueDeps, type OpenChallenge } from './issue.ts'
import { closedProblem } from './verify.ts'

/** What another code is made with. */
export interface ResendDeps extends IssueDeps {
  tokens: Tokens
  factors: readonly Factor[]
}

/** Sends another code for a challenge that still waits. */
export type Resend = (
  input: { pendingToken: string } & DeliveryOptions,
  context: RequestContext,
) => Promise<OpenChallenge>

/**
 * Makes `Resend`: the former code dies, the attempts already made count on, and the challenge ends when it would have
 * ended. A provider or channel that did not deliver comes last.
 *
 * Throws what `createIssue` throws, what `verify` throws of a challenge that is over, and `validation_failed` for a
 * challenge whose factor sends nothing.
 */
export const createResend = (deps: ResendDeps): Resend => {
  const { challenges, tokens, factors, journal } = deps
  const issue = createIssue(deps)

  return async ({ pendingToken, ...wish }, context) => {
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
    const { channel, client, idempotencyKey } = wish
    const { destination, resendIn } = view.delivery
    const asker = { user_id: claims.userId, challenge_id: claims.challengeId }

    return issue(
      {
        factor,
        factors: view.factors,
        claims,
        pepper,
        from: { destination, formerChannel: view.delivery.channel, failed: view.failed, locale: view.locale },
        wish,
        // A challenge that is over gets no code, however long its caller waits.
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
