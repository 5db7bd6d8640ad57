/** How a circuit opens and closes. */
export interface CircuitOptions {
  /** Failures in a row that open it. */
  failures: number
  /** Time in ms before one call may try again. */
  openFor: number
  /** Monotonic clock, in ms. */
  now: () => number
  onChange?: (state: 'open' | 'closed', error?: unknown) => void
}

/** The circuit of a service that is asked in passing: each call would wait for it while it does not answer. */
export const PASSING_SERVICE = { failures: 3, openFor: 3_000 } as const

/** Runs `call`, or `otherwise` when it fails and while the circuit is open. */
export type Circuit = <T>(call: () => Promise<T>, otherwise: (error?: unknown) => T | Promise<T>) => Promise<T>

/**
 * Creates a circuit, so that only one call in `openFor` ms waits for what does not answer. cockatiel's would wait by the
 * wall clock, which may jump.
 */
export const createCircuit = ({ failures, openFor, now, onChange = () => {} }: CircuitOptions): Circuit => {
  let failed = 0
  let tryAt = 0
  return async (call, otherwise) => {
    if (failed >= failures) {
      if (now() < tryAt) return otherwise()
      // While this call tries, the others do not wait for it.
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
