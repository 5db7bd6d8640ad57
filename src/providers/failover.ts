import type { SendResult, SmsProvider, TextMessage } from '../core/ports.ts'

/** What became of a message, and which company has the last word on it. */
export type FailoverResult = SendResult & { provider: string }

/** Sends through the first company that takes the message. */
export type Failover = (message: TextMessage, within: number) => Promise<FailoverResult>

/**
 * Tries the companies in order, all within one deadline. The next one is tried only after a definite failure: a message
 * whose outcome is unknown is never sent again, for a second code is worse than a late one.
 */
export const createFailover = (
  providers: readonly SmsProvider[],
  /** Makes the signal that ends one whole send after so many ms. */
  deadline: (within: number) => AbortSignal,
): Failover => {
  const expiry = (signal: AbortSignal) =>
    new Promise<SendResult>((resolve) => {
      const expired = () => resolve({ outcome: 'unknown', reason: 'no answer in time' })
      if (signal.aborted) expired()
      else signal.addEventListener('abort', expired, { once: true })
    })

  return async (message, within) => {
    const signal = deadline(within)
    const expired = expiry(signal)
    let last: FailoverResult = { outcome: 'failed', reason: 'no provider', provider: '' }
    for (const provider of providers) {
      // Nothing was handed to this one, whatever it would have done.
      if (signal.aborted) return last
      // A provider is trusted neither to obey the signal nor to keep its promise not to throw.
      const sent = (async () => provider.send(message, signal))().catch(
        (error: unknown): SendResult => ({ outcome: 'unknown', reason: `threw ${(error as Error)?.name}` }),
      )
      last = { ...(await Promise.race([sent, expired])), provider: provider.name }
      if (last.outcome !== 'failed') return last
    }
    return last
  }
}
