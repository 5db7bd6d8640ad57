import { Problem } from '../errors.ts'
import { assertSameRequest } from './idempotency.ts'
import type {
  ChallengeStore,
  Channel,
  Client,
  CodeFactor,
  GuardRequest,
  Held,
  HumanCheck,
  IdempotentRequest,
  Journal,
  NumberIntelligence,
  Replay,
  RequestContext,
  SendPlan,
} from './ports.ts'

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

/** Longest time that a caller is told to wait because of a block, in seconds: it may be lifted at any time. */
const LONGEST_ADVICE = 3_600

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

/**
 * What the guard must know of a message. Throws `destination_not_allowed` for a number that was taken over of late: the
 * one who asks may be its thief.
 */
export const guardRequest = async (
  { humanCheck, intelligence, journal }: IssueDeps,
  factor: CodeFactor,
  phone: string,
  plan: SendPlan,
  answer: string | undefined,
  context: RequestContext,
): Promise<GuardRequest> => {
  const { host, network } = context
  const [risk, passed] = await Promise.all([
    plan.guard.applies ? (intelligence?.assess(phone) ?? 'unknown') : 'unknown',
    answer === undefined ? 'failed' : (humanCheck?.verify(answer, context) ?? 'failed'),
  ])
  if (risk === 'high') {
    journal('send_refused', context, { factor: factor.name, rule: 'number_risk' })
    throw new Problem('destination_not_allowed')
  }
  // A check that is down must not lock out who has the right password.
  return { ...plan.guard, phone, host, network, human: passed !== 'failed' }
}

/**
 * What came of the first call with the same key, for a call that was held. Throws the problem that tells the caller what
 * holds it when there was none.
 */
export const replayOrRefuse = async (
  { challenges, humanCheck, journal }: IssueDeps,
  held: Held,
  request: IdempotentRequest | undefined,
  context: RequestContext,
  facts: { user_id: string; challenge_id?: string },
): Promise<Replay> => {
  const replay = request && (await challenges.findReplay(request.keyHash))
  if (replay) {
    assertSameRequest(request, replay)
    journal('request_repeated', context, { ...facts, challenge_id: replay.challengeId })
    return replay
  }
  journal('send_refused', context, {
    ...facts,
    outcome: held.outcome,
    rule: 'rule' in held ? held.rule : undefined,
    retry_after: 'retryAfter' in held ? held.retryAfter : undefined,
  })
  throw heldProblem(held, humanCheck)
}
