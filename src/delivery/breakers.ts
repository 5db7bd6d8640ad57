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

/** How one company does on one channel. `open`: it is left alone; `half-open`: the next message finds out. */
export type BreakerState = 'closed' | 'open' | 'half-open'

/** Leaves a company alone that has failed again and again, so that nobody waits for it. */
export interface Breaker extends Carrier {
  state(): BreakerState
  /** Whether a message may be tried now. */
  mayTry(): boolean
  /** Seconds until the next try, at least 1; 0 when one may be tried now. */
  retryAfter(): number
  /** Runs the send and counts its result; `failed` without running it while the circuit is open. */
  run(send: () => Promise<SendResult>): Promise<SendResult>
}

/** When a circuit opens, and for how long. */
export interface BreakerOptions {
  /** Failures in a row that open it. */
  failures: number
  /** Time in ms before one message may try again. */
  openFor: number
  /** Monotonic ms. */
  now: () => number
  onChange: (carrier: Carrier, state: BreakerState) => void
}

/** cockatiel's own gate stays open: it goes by the wall clock, which may step, and ours by a clock that does not. */
const ALWAYS: IBackoff<unknown> = { duration: Number.NEGATIVE_INFINITY, next: () => ALWAYS }

/** The circuit of one company on one channel; a number that is refused says nothing against the company. */
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
  // While one message finds out, the others are not made to wait for it.
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

/** One breaker for each company and channel. */
export const createBreakers = (carriers: readonly Carrier[], options: BreakerOptions): Breaker[] =>
  carriers.map(({ provider, channel }) => createBreaker({ provider, channel }, options))
