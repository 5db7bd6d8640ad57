import { Problem } from '../../errors.ts'
import type { Journal } from '../audit/journal.ts'
import type { Channel, Client, SendPlan } from '../delivery/ports.ts'
import type { GuardRequest, HumanCheck, NumberIntelligence } from '../guard/ports.ts'
import { LONGEST_ADVICE } from '../limits.ts'
import type { Purpose, RequestContext } from '../terms.ts'
import type { CodeFactor } from './factor.ts'
import { assertSameRequest } from './idempotency.ts'
import type { ChallengeStore, Held, IdempotentRequest, Replay } from './ports.ts'

/** What a caller may say of how a code is to reach the user, and of itself. */
export interface DeliveryWish {
  channel?: Channel
  client?: Client
  /** The header of that name, as it came. */
  acceptLanguage?: string
  /** The solution of the `human_check` of an answer before. */
  humanCheck?: string
  /** The header of that name: whoever repeats the call with it neither pays nor receives a second message. */
  idempotencyKey?: string
}

/** What stands between a caller who may have a code and the message that carries it. */
export interface IssueDeps {
  challenges: ChallengeStore
  journal: Journal
  humanCheck: HumanCheck | undefined
  intelligence: NumberIntelligence | undefined
}

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
      // The first call's challenge was taken back between two looks at it.
      return new Problem('idempotency_in_progress')
  }
}

/** Who asks for a code, for the journal. */
type Asker = { user_id: string; challenge_id?: string }

/**
 * What the guard must know of a message. Whoever must wait anyway (`resendIn` seconds) is not looked up, for that costs
 * money. Throws `destination_not_allowed` for a number that was taken over of late: the one who asks may be its thief.
 */
export const guardRequest = async (
  { humanCheck, intelligence, journal }: IssueDeps,
  message: {
    factor: CodeFactor
    phone: string
    plan: SendPlan
    resendIn: number
    answer: string | undefined
    purpose: Purpose
  },
  context: RequestContext,
  asker: Asker,
): Promise<GuardRequest> => {
  const { factor, phone, plan, resendIn, answer, purpose } = message
  const { host, network } = context
  const mayGo = resendIn === 0 && plan.guard.applies
  const [risk, passed] = await Promise.all([
    mayGo ? (intelligence?.assess(phone) ?? 'unknown') : 'unknown',
    mayGo && answer !== undefined ? (humanCheck?.verify(answer, context) ?? 'failed') : 'failed',
  ])
  if (risk === 'high') {
    journal('send_refused', context, { ...asker, factor: factor.name, rule: 'number_risk' })
    throw new Problem('destination_not_allowed')
  }
  // A check that is down must not lock out who has the right password; nobody has one yet who registers.
  const mayPass = purpose === 'register' ? ['passed'] : ['passed', 'unavailable']
  if (passed === 'unavailable') journal('human_check_unavailable', context, { ...asker, check: humanCheck?.name })
  return { ...plan.guard, phone, host, network, human: mayPass.includes(passed) }
}

/**
 * What came of the first call with the same key; undefined when there was none. Throws `idempotency_key_reused` when that
 * one asked for something else, and `idempotency_in_progress` while nobody knows yet what came of it.
 */
export const findFirst = async (
  { challenges, journal }: IssueDeps,
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
 * What came of the first call with the same key, for a call that was held because the first was faster. Throws the problem
 * that tells the caller what holds it when there was none.
 */
export const firstOrRefuse = async (
  deps: IssueDeps,
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
