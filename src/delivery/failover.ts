import { performance } from 'node:perf_hooks'
import type { CodeMessage, Dispatched, HandOver, Provider, SendEntry, SendResult } from '../core/delivery/ports.ts'
import type { Breaker } from './breakers.ts'

/** A provider that may carry a message, and its ledger entry if it does. */
export interface Attempt {
  provider: Provider
  breaker: Breaker
  entry: SendEntry
}

/** Sends through the first provider that takes the message. `attempts` has at least one. */
export type Failover = (
  message: Omit<CodeMessage, 'sendId'>,
  attempts: readonly Attempt[],
  within: number,
  handOver: HandOver,
) => Promise<Dispatched>

/** The shortest time, in ms, after which a missing result counts against a provider. */
const FAIR_TIME = 2_000

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined

/** Converts the result of an operator's own provider. Without a valid outcome, the message may have been sent. */
const toResult = (given: unknown): SendResult => {
  const { outcome, messageId, reason, retryAfter } = Object(given) as Record<string, unknown>
  const id = textOf(messageId)
  if (outcome === 'accepted') return id === undefined ? { outcome } : { outcome, messageId: id }
  const why = textOf(reason) ?? 'no reason given'
  if (outcome === 'refused' || outcome === 'unknown') return { outcome, reason: why }
  if (outcome !== 'failed') return { outcome: 'unknown', reason: 'no result' }
  const wait = Number.isSafeInteger(retryAfter) ? (retryAfter as number) : undefined
  return { outcome, reason: why, ...(wait !== undefined && wait >= 0 && { retryAfter: wait }) }
}

const expiryOf = (signal: AbortSignal) =>
  new Promise<SendResult>((resolve) => {
    const expired = () => resolve({ outcome: 'unknown', reason: 'no answer in time' })
    if (signal.aborted) expired()
    else signal.addEventListener('abort', expired, { once: true })
  })

/**
 * Makes the function that tries the providers in order, all within one deadline. The next provider is tried only after
 * a definite failure and once its ledger entry is stored. A message with an unknown outcome is never sent again,
 * because a second code is worse than a late one.
 */
export const createFailover =
  (
    /** Makes the signal that ends one complete send after the given ms. */
    deadline: (within: number) => AbortSignal,
  ): Failover =>
  async (message, attempts, within, handOver) => {
    const signal = deadline(within)
    const expired = expiryOf(signal)

    const attempt = async ({ provider, breaker, entry }: Attempt): Promise<Dispatched> => {
      const start = performance.now()
      const send = async () => toResult(await provider.send({ ...message, sendId: entry.sendId }, signal))
      const guarded = () =>
        Promise.race([
          // Operators' providers may ignore the signal or throw.
          send().catch(
            (error: unknown): SendResult => ({ outcome: 'unknown', reason: `threw ${(error as Error)?.name}` }),
          ),
          expired,
        ])
      // A failure within such a short time does not count against the provider.
      const result = within < FAIR_TIME && breaker.mayTry() ? await guarded() : await breaker.run(guarded)
      return { ...result, sendId: entry.sendId, provider: provider.name, took: Math.round(performance.now() - start) }
    }

    const [first, ...others] = attempts
    if (signal.aborted) {
      const { sendId, provider } = first!.entry
      return { outcome: 'failed', reason: 'no time left', sendId, provider, took: 0 }
    }
    let last = await attempt(first!)
    for (const next of others) {
      if (last.outcome !== 'failed' || signal.aborted) return last
      const { sendId, reason, took } = last
      const handed = handOver({ sendId, provider: last.provider, status: 'failed', reason, took }, next.entry).then(
        () => true,
        () => false,
      )
      // The next provider is not called before the ledger has its entry.
      if (!(await Promise.race([handed, expired.then(() => false)]))) return last
      last = await attempt(next)
    }
    return last
  }
