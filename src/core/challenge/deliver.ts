import { Problem } from '../../errors.ts'
import type { Journal } from '../audit/journal.ts'
import { timeIsOver, timeToSend } from '../deadline.ts'
import type { SendLedger, SendPlan, SettledSend } from '../delivery/ports.ts'
import { LONGEST_ADVICE } from '../limits.ts'
import type { ChallengeRef, RequestContext } from '../terms.ts'
import type { Factor } from './factor.ts'

/** Seconds until a caller may retry when no provider could take the message. */
const RETRY_AFTER_FAILURE = 5

/**
 * Sends the message of a stored challenge and records the result in the ledger. Withdraws the challenge when the send
 * certainly failed, so that the failure uses up none of the user's limits.
 *
 * Throws `sms_unavailable` when no provider took the message, `service_unavailable` when too little time is left to
 * send it, and `destination_not_allowed` when every provider would refuse the number.
 */
export const deliverCode = async (delivery: {
  ledger: SendLedger
  factor: Factor
  plan: SendPlan
  journal: Journal
  context: RequestContext
  claims: ChallengeRef
  destination: string
  withdraw: () => Promise<void>
}): Promise<'sent' | 'unknown'> => {
  const { ledger, factor, plan, journal, context, claims, destination } = delivery
  const factsOf = (sendId: string, provider: string | undefined) => ({
    user_id: claims.userId,
    challenge_id: claims.challengeId,
    send_id: sendId,
    factor: factor.name,
    channel: plan.channel,
    to: factor.delivery?.mask(destination),
    provider,
  })
  /** Records a result without waiting: the answer does not depend on a complete ledger. */
  const settle = (send: SettledSend, facts: ReturnType<typeof factsOf>) => {
    void ledger.settle(send).catch(() => journal('delivery_not_recorded', context, facts))
  }

  let isOver = false
  const within = timeToSend(context)
  if (within === undefined) {
    // The database was slow. Do not pay for a message when the caller no longer waits for the response.
    const { sendId, provider } = plan.first
    const reason = 'no time left'
    const facts = factsOf(sendId, provider)
    journal('code_not_sent', context, { ...facts, reason })
    settle({ sendId, status: 'failed', reason, took: 0 }, facts)
    await delivery.withdraw()
    throw timeIsOver()
  }
  const result = await plan.deliver(within, async (failed, next) => {
    journal('code_not_sent', context, { ...factsOf(failed.sendId, failed.provider), reason: failed.reason })
    const facts = factsOf(next.sendId, next.provider)
    const notHandedOver = () =>
      settle({ sendId: next.sendId, status: 'failed', reason: 'not handed over', took: 0 }, facts)
    await ledger.handOver(claims, failed, next).catch((error: unknown) => {
      // The entry may or may not be stored, but its message was certainly not handed over.
      journal('delivery_not_recorded', context, facts)
      notHandedOver()
      throw error
    })
    // The caller stopped waiting before the entry was stored, so its message is not sent and must not be paid for.
    if (isOver) notHandedOver()
  })
  isOver = true
  const { sendId, took } = result
  const facts = {
    ...factsOf(sendId, result.provider),
    outcome: result.outcome,
    took,
    reason: result.outcome === 'accepted' ? undefined : result.reason,
    message_id: result.outcome === 'accepted' ? result.messageId : undefined,
  }
  switch (result.outcome) {
    case 'accepted':
      journal('code_sent', context, facts)
      settle(
        { sendId, status: 'sent', took, ...(result.messageId !== undefined && { messageId: result.messageId }) },
        facts,
      )
      return 'sent'
    case 'unknown':
      journal('code_sent', context, facts)
      settle({ sendId, status: 'unknown', reason: result.reason, took }, facts)
      return 'unknown'
    default:
      journal('code_not_sent', context, facts)
      settle({ sendId, status: 'failed', reason: result.reason, took }, facts)
      await delivery.withdraw()
      if (result.outcome === 'refused') throw new Problem('destination_not_allowed')
      throw new Problem('sms_unavailable', {
        retryAfter: Math.min(Math.max(1, result.retryAfter ?? RETRY_AFTER_FAILURE), LONGEST_ADVICE),
      })
  }
}
