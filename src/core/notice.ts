import { maskPhone } from './mask.ts'
import type { AccountStore, CodeFactor, Journal, PendingClaims, RequestContext, SendLedger } from './ports.ts'

/** Tells people of what was done to their account. */
export interface Notices {
  /** Tells the owner of a number that it has the codes no more. Never throws, and returns at once. */
  numberChanged(change: { claims: PendingClaims; phone: string }, context: RequestContext): void
  /** Resolves when every notice has left, or will not. Never rejects. */
  drain(): Promise<void>
}

/** What one notice has, in ms. */
const WITHIN = 5_000

/**
 * Notices to the number that an account had (SP 800-63B-4 §4.6): entered in the ledger like every message, handed to one
 * company once, after the answer. What fails is in the journal; the change stands either way.
 */
export const createNotices = ({
  accounts,
  factors,
  ledger,
  journal,
}: {
  accounts: Pick<AccountStore, 'findById'>
  factors: readonly CodeFactor[]
  ledger: SendLedger
  journal: Journal
}): Notices => {
  const underWay = new Set<Promise<void>>()

  const send = async (claims: PendingClaims, phone: string, context: RequestContext): Promise<void> => {
    const facts = { user_id: claims.userId, challenge_id: claims.challengeId, to: maskPhone(phone) }
    try {
      const locale = (await accounts.findById(claims.userId))?.locale ?? null
      const plan = factors[0]?.planNotice({ phone, locale })
      if (!plan) throw new Error('no company')
      await ledger.enter(claims, plan.first)
      const { sendId, took, ...result } = await plan.deliver(WITHIN, async () => {
        throw new Error('a notice goes to one company')
      })
      const reason = result.outcome === 'accepted' ? undefined : result.reason
      const messageId = result.outcome === 'accepted' ? result.messageId : undefined
      const status = result.outcome === 'accepted' ? 'sent' : result.outcome === 'unknown' ? 'unknown' : 'failed'
      await ledger.settle({ sendId, status, took, ...(reason && { reason }), ...(messageId && { messageId }) })
      journal(status === 'failed' ? 'notice_not_sent' : 'notice_sent', context, { ...facts, send_id: sendId, reason })
    } catch (error) {
      journal('notice_not_sent', context, { ...facts, reason: (error as Error).message })
    }
  }

  return {
    numberChanged({ claims, phone }, context) {
      const sending = send(claims, phone, context).finally(() => underWay.delete(sending))
      underWay.add(sending)
    },
    drain: async () => {
      await Promise.all(underWay)
    },
  }
}
