import { Problem } from '../../errors.ts'
import type { Journal } from '../audit/journal.ts'
import { timeIsOver, timeToSend } from '../deadline.ts'
import type { SendLedger, SendPlan, SettledSend } from '../delivery/ports.ts'
import { LONGEST_ADVICE } from '../limits.ts'
import type { ChallengeRef, RequestContext } from '../terms.ts'
import type { Factor } from './factor.ts'

/** Seconds after which a caller may try again when no company could take the message. */
const RETRY_AFTER_FAILURE = 5

/**
 * Carries out the plan of a challenge that is already stored, and enters in the ledger what became of it. What surely
 * did not leave is withdrawn, so that it costs the user nothing.
 *
 * Throws `sms_unavailable` when no provider took it, `service_unavailable` when no time is left to send it, and
 * `destination_not_allowed` when the number is refused for good.
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
  /** The caller has waited long enough: that a line is missing in the ledger must not cost the user the answer. */
  const settle = (send: SettledSend, facts: ReturnType<typeof factsOf>) => {
    void ledger.settle(send).catch(() => journal('delivery_not_recorded', context, facts))
  }

  let isOver = false
  const within = timeToSend(context)
  if (within === undefined) {
    // The database was slow: a message whose caller has left is not worth its price.
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
      // Whether it was entered nobody knows; that it was not handed over we do.
      journal('delivery_not_recorded', context, facts)
      notHandedOver()
      throw error
    })
    // Entered when nobody waited for it any more: it must not be paid for.
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
