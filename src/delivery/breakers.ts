import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhenResult,
  type IBackoff,
  isBrokenCircuitError,
} from 'cockatiel'
import type { Carrier, SendResult } from '../core/delivery/ports.ts'

/** The state of one carrier's circuit. `open` skips it; `half-open` lets the next message through as a probe. */
export type BreakerState = 'closed' | 'open' | 'half-open'

/**
 * The circuit breaker of one carrier. It skips a provider after repeated failures, so that users do not wait for it.
 */
export interface Breaker extends Carrier {
  state(): BreakerState
  /** Returns true when a message may be tried now. */
  mayTry(): boolean
  /** Returns the seconds until the next attempt, at least 1; 0 when one may be made now. */
  retryAfter(): number
  /** Runs the send and counts its result. Returns `failed` without running it while the circuit is open. */
  run(send: () => Promise<SendResult>): Promise<SendResult>
}

/** The options of the circuit breakers. */
export interface BreakerOptions {
  /** Consecutive failures that open the circuit. */
  failures: number
  /** Time in ms until one message may try again. */
  openFor: number
  /** Monotonic clock, in ms. */
  now: () => number
  onChange: (carrier: Carrier, state: BreakerState) => void
}

/** Keeps cockatiel's own gate open: it uses the wall clock, which may step. The breakers use a monotonic clock. */
const ALWAYS: IBackoff<unknown> = { duration: Number.NEGATIVE_INFINITY, next: () => ALWAYS }

/** Makes the circuit breaker of one carrier. A refused number is not a failure of the provider. */
const createBreaker = (carrier: Carrier, { failures, openFor, now, onChange }: BreakerOptions): Breaker => {
  const policy: CircuitBreakerPolicy = circuitBreaker(
    handleWhenResult((result) => ['failed', 'unknown'].includes((result as SendResult).outcome)),
    { breaker: new ConsecutiveBreaker(failures), halfOpenAfter: ALWAYS },
  )
  let tryAt = 0
  policy.onBreak(() => {
    tryAt = now() + openFor
    onChange(carrier, 'open')
  })
  policy.onReset(() => onChange(carrier, 'closed'))
  policy.onHalfOpen(() => onChange(carrier, 'half-open'))

  const state = (): BreakerState => {
    if (policy.state === CircuitState.Closed) return 'closed'
    return policy.state === CircuitState.HalfOpen || now() >= tryAt ? 'half-open' : 'open'
  }
  // While one message probes the provider, other messages do not wait for it.
  const mayTry = () => policy.state !== CircuitState.HalfOpen && state() !== 'open'

  return {
    ...carrier,
    state,
    mayTry,
    retryAfter: () => (mayTry() ? 0 : Math.max(1, Math.ceil((tryAt - now()) / 1_000))),
    async run(send) {
      const closed: SendResult = { outcome: 'failed', reason: 'circuit open' }
      if (!mayTry()) return closed
      try {
        return await policy.execute(send)
      } catch (error) {
        if (isBrokenCircuitError(error)) return closed
        throw error
      }
    },
  }
}

/** Makes one breaker for each provider and channel. */
export const createBreakers = (carriers: readonly Carrier[], options: BreakerOptions): Breaker[] =>
  carriers.map(({ provider, channel }) => createBreaker({ provider, channel }, options))
