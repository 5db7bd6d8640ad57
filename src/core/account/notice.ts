import type { Journal } from '../audit/journal.ts'
import { type Factor, findDelivering } from '../challenge/factor.ts'
import type { SendLedger } from '../delivery/ports.ts'
import { type Delivery, LONGEST_TRY, type Outbox, type OutboxHandler } from '../outbox.ts'
import type { RequestContext } from '../terms.ts'
import type { DueNotice } from './ports.ts'

/** The dependencies of the notice handler. */
export interface NoticeDeps {
  outbox: Outbox<DueNotice>
  factors: readonly Factor[]
  ledger: SendLedger
  journal: Journal
}

/** A delivery attempt, and its entry in the ledger. */
interface NoticeDelivery extends Delivery {
  sendId?: string
}

/** The context of attempts that no request caused. */
const NO_REQUEST: RequestContext = {
  requestId: '-',
  address: '-',
  host: '-',
  network: '-',
  client: null,
  left: () => Number.POSITIVE_INFINITY,
}

/**
 * Makes the handler that sends notices to the number that an account had before its number or password was changed (SP
 * 800-63B-4 §4.6, ASVS 6.3.7). The ledger records each notice like every message. A message that may have arrived
 * counts as delivered, so that it is not sent twice.
 */
export const createNoticeHandler = ({
  outbox,
  factors,
  ledger,
  journal,
}: NoticeDeps): OutboxHandler<DueNotice, NoticeDelivery> => ({
  name: 'notice',
  outbox,

  async deliver({ id, kind, userId, challengeId, phone, locale }) {
    const plan = findDelivering(factors)?.delivery.planNotice({ kind, destination: phone, locale })
    if (!plan) return { outcome: 'failed', reason: 'no provider can take it' }
    // The ledger groups messages by challenge; a notice without one stands alone.
    await ledger.enter({ challengeId: challengeId ?? id, userId, purpose: 'phone' }, plan.first)
    const { sendId, took, ...result } = await plan.deliver(LONGEST_TRY * 1_000, async () => {
      throw new Error('a notice goes to one provider at a time')
    })
    const reason = result.outcome === 'accepted' ? undefined : result.reason
    const messageId = result.outcome === 'accepted' ? result.messageId : undefined
    const status = result.outcome === 'accepted' ? 'sent' : result.outcome === 'unknown' ? 'unknown' : 'failed'
    await ledger.settle({ sendId, status, took, ...(reason && { reason }), ...(messageId && { messageId }) })
    return { outcome: result.outcome === 'unknown' ? 'accepted' : result.outcome, reason, sendId }
  },

  report({ kind, userId, challengeId, phone }, ending, delivery, context = NO_REQUEST) {
    journal(ending === 'delivered' ? 'notice_sent' : 'notice_not_sent', context, {
      user_id: userId,
      notice: kind,
      challenge_id: challengeId ?? undefined,
      to: findDelivering(factors)?.delivery.mask(phone),
      send_id: 'sendId' in delivery ? delivery.sendId : undefined,
      reason: delivery.reason,
    })
  },
})
