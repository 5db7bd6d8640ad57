import { Problem } from '../../errors.ts'
import type { Journal } from '../audit/journal.ts'
import type { RequestContext } from '../terms.ts'
import type { Provider, ReceiptRequest, SendLedger } from './ports.ts'

/** Processes a delivery receipt of the provider with this name. */
export type TakeReceipt = (name: string, request: ReceiptRequest, context: RequestContext) => Promise<void>

/**
 * Makes `TakeReceipt`. The response reveals nothing: every signed receipt is accepted, also for unknown, already
 * reported and completed messages.
 *
 * Throws `not_found` when no such provider sends receipts, and `forbidden` for an invalid signature or one that is too
 * old.
 */
export const createReceipt =
  ({
    providers,
    ledger,
    journal,
  }: {
    providers: readonly Provider[]
    ledger: SendLedger
    journal: Journal
  }): TakeReceipt =>
  async (name, request, context) => {
    const provider = providers.find((known) => known.name === name)
    if (!provider?.readReceipt) throw new Problem('not_found')
    const reading = provider.readReceipt(request)
    if (reading.outcome === 'forged' || reading.outcome === 'stale') {
      journal('receipt_refused', context, { provider: name, reason: reading.outcome })
      throw new Problem('forbidden')
    }
    if (reading.outcome === 'unreadable') {
      journal('receipt_refused', context, { provider: name, reason: reading.outcome })
      return
    }
    for (const receipt of reading.receipts) {
      const moved = await ledger.receive(name, receipt)
      journal('receipt_taken', context, {
        provider: name,
        send_id: receipt.sendId,
        message_id: receipt.messageId,
        status: receipt.status,
        reason: receipt.reason,
        moved,
      })
    }
  }
