/** The options of a circuit breaker. */
export interface CircuitOptions {
  /** Consecutive failures that open the circuit. */
  failures: number
  /** Time in ms until one call may try again. */
  openFor: number
  /** Monotonic clock, in ms. */
  now: () => number
  onChange?: (state: 'open' | 'closed', error?: unknown) => void
}

/** The options for optional services, such as lookups: while one does not answer, each request would wait for it. */
export const PASSING_SERVICE = { failures: 3, openFor: 3_000 } as const

/** Runs `call`. Runs `otherwise` when the call fails and while the circuit is open. */
export type Circuit = <T>(call: () => Promise<T>, otherwise: (error?: unknown) => T | Promise<T>) => Promise<T>

/**
 * Makes a circuit breaker, so that only one call in `openFor` ms waits for a service that does not answer. The breaker
 * of cockatiel uses the wall clock, which may jump.
 */
export const createCircuit = ({ failures, openFor, now, onChange = () => {} }: CircuitOptions): Circuit => {
  let failed = 0
  let tryAt = 0
  return async (call, otherwise) => {
    if (failed >= failures) {
      if (now() < tryAt) return otherwise()
      // While this call tries, other calls do not wait.
      tryAt = now() + openFor
    }
    try {
      const result = await call()
      if (failed >= failures) onChange('closed')
      failed = 0
      return result
    } catch (error) {
      failed += 1
      tryAt = now() + openFor
      if (failed === failures) onChange('open', error)
      return otherwise(error)
    }
  }
}
