import type { Journal } from '../audit/journal.ts'
import type { CodeFactor } from '../challenge/factor.ts'
import { maskPhone } from '../delivery/mask.ts'
import type { SendLedger } from '../delivery/ports.ts'
import type { RequestContext } from '../terms.ts'
import type { DueNotice, NoticeStore } from './ports.ts'

/** Tells people of what was done to their account. */
export interface Notices {
  /** Sends what is due, on behalf of a request or of nobody. Never throws, and returns at once. */
  deliver(context?: RequestContext): void
  /** Resolves when nothing is under way. Never rejects. */
  drain(): Promise<void>
}

/** What one notice has, in ms. */
const WITHIN = 5_000

/** Where no request asked: a notice that is tried again. */
const NOBODY: RequestContext = {
  requestId: '-',
  address: '-',
  host: '-',
  network: '-',
  client: null,
  left: () => Number.POSITIVE_INFINITY,
}

/**
 * Notices to the number that an account had when its number or password was changed (SP 800-63B-4 §4.6, ASVS 6.3.7). Each
 * was written down by the statement that made the change, so that neither a lost answer nor a stop loses it; it is tried a
 * few times, entered in the ledger like every message, and the number is forgotten when a provider has it.
 */
export const createNotices = ({
  notices,
  factors,
  ledger,
  journal,
}: {
  notices: NoticeStore
  factors: readonly CodeFactor[]
  ledger: SendLedger
  journal: Journal
}): Notices => {
  const underWay = new Set<Promise<void>>()

  const send = async (notice: DueNotice, context: RequestContext): Promise<void> => {
    const { noticeId, kind, userId, challengeId, phone, locale } = notice
    const facts = { user_id: userId, notice: kind, challenge_id: challengeId ?? undefined, to: maskPhone(phone) }
    const plan = factors[0]?.planNotice({ kind, phone, locale })
    if (!plan) {
      journal('notice_not_sent', context, { ...facts, reason: 'no company can take it' })
      return
    }
    // The ledger groups messages by challenge; a notice without one stands alone.
    await ledger.enter({ challengeId: challengeId ?? noticeId, userId, purpose: 'phone' }, plan.first)
    const { sendId, took, ...result } = await plan.deliver(WITHIN, async () => {
      throw new Error('a notice goes to one company at a time')
    })
    const reason = result.outcome === 'accepted' ? undefined : result.reason
    const messageId = result.outcome === 'accepted' ? result.messageId : undefined
    const status = result.outcome === 'accepted' ? 'sent' : result.outcome === 'unknown' ? 'unknown' : 'failed'
    await ledger.settle({ sendId, status, took, ...(reason && { reason }), ...(messageId && { messageId }) })
    journal(status === 'failed' ? 'notice_not_sent' : 'notice_sent', context, { ...facts, send_id: sendId, reason })
    // What may have arrived is not sent twice, and what no company will ever take is not tried again.
    if (status !== 'failed' || result.outcome === 'refused') await notices.done(noticeId)
  }

  const run = async (context: RequestContext): Promise<void> => {
    try {
      for (const notice of await notices.claim()) {
        await send(notice, context).catch((error: unknown) =>
          journal('notice_not_sent', context, { user_id: notice.userId, reason: (error as Error).message }),
        )
      }
    } catch {
      // The database does not answer; what is written down there waits.
    }
  }

  return {
    deliver(context = NOBODY) {
      const running: Promise<void> = run(context).finally(() => underWay.delete(running))
      underWay.add(running)
    },
    drain: async () => {
      await Promise.all(underWay)
    },
  }
}
