import { randomUUID } from 'node:crypto'
import { Problem } from '../errors.ts'
import { maskPhone } from './mask.ts'
import type { ChallengeRef, ChallengeStore, CodeFactor, Journal, RequestContext } from './ports.ts'

/** A caller is to have its answer within 5 s, in ms; what went before the send is taken off. */
const ANSWER_WITHIN = 4_500

/** What a send has at least, however late it is, in ms. */
const SHORTEST_SEND = 500

/** Seconds after which a caller may try again when no company could take the message. */
const RETRY_AFTER_FAILURE = 5

/**
 * Sends the code of a challenge that is already stored, and settles with the store what became of it: `sent` was
 * assumed, `unknown` is recorded, and what surely did not leave is withdrawn, so that it costs the user nothing.
 *
 * Throws `sms_unavailable` when no company took it and `destination_not_allowed` when the number is refused for good.
 */
export const deliverCode = async (delivery: {
  challenges: ChallengeStore
  factor: CodeFactor
  journal: Journal
  context: RequestContext
  claims: ChallengeRef
  phone: string
  code: string
  withdraw: () => Promise<void>
}): Promise<'sent' | 'unknown'> => {
  const { challenges, factor, journal, context, claims, phone, code } = delivery
  const within = Math.max(SHORTEST_SEND, Math.floor(ANSWER_WITHIN - context.elapsed()))
  const result = await factor.send({ sendId: randomUUID(), phone, code, within })
  const facts = {
    user_id: claims.userId,
    challenge_id: claims.challengeId,
    factor: factor.name,
    to: maskPhone(phone),
    provider: result.provider,
    outcome: result.outcome,
    reason: result.outcome === 'accepted' ? undefined : result.reason,
    message_id: result.outcome === 'accepted' ? result.messageId : undefined,
  }
  switch (result.outcome) {
    case 'accepted':
      journal('code_sent', context, facts)
      return 'sent'
    case 'unknown':
      journal('code_sent', context, facts)
      // The caller has waited long enough; that its status is missing must not cost the user the answer.
      void challenges.recordDelivery(claims, 'unknown').catch(() => journal('delivery_not_recorded', context, facts))
      return 'unknown'
    default:
      journal('code_not_sent', context, facts)
      await delivery.withdraw()
      if (result.outcome === 'refused') throw new Problem('destination_not_allowed')
      throw new Problem('sms_unavailable', { retryAfter: result.retryAfter ?? RETRY_AFTER_FAILURE })
  }
}
