import { Problem } from '../errors.ts'
import { hashCode } from './code.ts'
import type { FlowDeps } from './login.ts'
import type { Closed, FactorName, RequestContext } from './ports.ts'

/** An access token for the caller. */
export interface Granted {
  accessToken: string
  /** Whole seconds. */
  expiresIn: number
}

/** The problem that tells the holder of a pending token why its challenge takes nothing any more. */
export const closedProblem = (closed: Closed): Problem => {
  switch (closed.outcome) {
    case 'gone':
      return new Problem('challenge_invalid')
    case 'locked':
      return new Problem('factor_locked', { retryAfter: closed.retryAfter })
    case 'disabled':
      return new Problem('factor_disabled')
  }
}

/**
 * Step two: a pending token and its code become an access token.
 *
 * The store counts, compares and spends in one statement; the token is signed only after that is committed, and an
 * outcome nobody knows is `service_unavailable`, never a token. Throws `invalid_token`, `invalid_code`,
 * `challenge_invalid`, `factor_locked` or `factor_disabled`.
 */
export const createVerify =
  ({ challenges, tokens, factors, journal }: FlowDeps) =>
  async (
    input: { pendingToken: string; code: string; factor?: FactorName },
    context: RequestContext,
  ): Promise<Granted> => {
    const { pepper, ...claims } = tokens.verifyPending(input.pendingToken)
    const factor = factors.find(({ name }) => name === (input.factor ?? factors[0]?.name))
    if (!factor) throw new Problem('challenge_invalid')

    const guess = await challenges.guess({
      ...claims,
      factor: factor.name,
      codeHash: hashCode(pepper, claims, claims.key, input.code),
    })
    const facts = { user_id: claims.userId, challenge_id: claims.challengeId, factor: factor.name }
    switch (guess.outcome) {
      case 'spent': {
        journal('code_ok', context, facts)
        const { token, expiresIn } = tokens.signAccess({
          userId: claims.userId,
          amr: ['pwd', ...factor.amr(guess.channel), 'mfa'],
        })
        return { accessToken: token, expiresIn }
      }
      case 'wrong':
        journal('code_wrong', context, { ...facts, attempts_left: guess.attemptsLeft })
        throw new Problem('invalid_code', { attemptsLeft: guess.attemptsLeft })
      default:
        journal('code_refused', context, { ...facts, reason: guess.outcome })
        throw closedProblem(guess)
    }
  }
