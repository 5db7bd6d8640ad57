import { Problem } from '../../errors.ts'
import type { Journal } from '../audit/journal.ts'
import type { HumanCheck } from '../guard/ports.ts'
import { LONGEST_ADVICE } from '../limits.ts'
import type { RequestContext } from '../terms.ts'
import { assertSameRequest } from './idempotency.ts'
import type { ChallengeStore, Held, IdempotentRequest, Replay } from './ports.ts'

/** The dependencies of `findFirst` and `firstOrRefuse`. */
export interface HoldDeps {
  challenges: ChallengeStore
  journal: Journal
  humanCheck: HumanCheck | undefined
}

/** The user who requests a code, for the journal. */
export type Asker = { user_id: string; challenge_id?: string }

const heldProblem = (held: Held, humanCheck: HumanCheck | undefined): Problem => {
  switch (held.outcome) {
    case 'cooldown':
      return new Problem('resend_cooldown', { retryAfter: held.retryAfter })
    case 'capped':
      return new Problem(held.rule === 'number.cooldown' ? 'resend_cooldown' : 'rate_limited', {
        retryAfter: held.retryAfter,
      })
    case 'blocked':
      return new Problem('sms_unavailable', { retryAfter: Math.min(held.retryAfter, LONGEST_ADVICE) })
    case 'check':
      return new Problem('forbidden', {
        detail: 'Repeat the call with the solution of `human_check`.',
        ...(humanCheck && { humanCheck: humanCheck.challenge() }),
      })
    case 'repeated':
      // The first call's challenge was withdrawn between two reads of it.
      return new Problem('idempotency_in_progress')
  }
}

/**
 * Returns the result of the first call with the same key; undefined when this call is the first. Throws
 * `idempotency_key_reused` when the first call's request differs, and `idempotency_in_progress` while its outcome is
 * open.
 */
export const findFirst = async (
  { challenges, journal }: HoldDeps,
  request: IdempotentRequest | undefined,
  context: RequestContext,
  asker: Asker,
): Promise<Replay | undefined> => {
  const first = request && (await challenges.findReplay(request.keyHash, asker.user_id))
  if (!first) return undefined
  assertSameRequest(request, first)
  journal('request_repeated', context, { ...asker, challenge_id: first.challengeId })
  return first
}

/**
 * Returns the result of the first call with the same key, for a call that was held back because the first was faster.
 * When this call is the first, throws the problem that holds it back.
 */
export const firstOrRefuse = async (
  deps: HoldDeps,
  held: Held,
  request: IdempotentRequest | undefined,
  context: RequestContext,
  asker: Asker,
): Promise<Replay> => {
  const first = await findFirst(deps, request, context, asker)
  if (first) return first
  deps.journal('send_refused', context, {
    ...asker,
    outcome: held.outcome,
    rule: 'rule' in held ? held.rule : undefined,
    retry_after: 'retryAfter' in held ? held.retryAfter : undefined,
  })
  throw heldProblem(held, deps.humanCheck)
}
