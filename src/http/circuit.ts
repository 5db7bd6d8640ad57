/** How a circuit opens and closes. */
export interface CircuitOptions {
  /** Time in ms before one call may try again. */
  openFor: number
  /** Monotonic clock, in ms. */
  now: () => number
  onChange: (state: 'open' | 'closed', error?: unknown) => void
}

/** Runs `call`, or `otherwise` when it fails and for a while after that. */
export type Circuit = <T>(call: () => Promise<T>, otherwise: () => T | Promise<T>) => Promise<T>

/**
 * Creates a circuit that the first failure opens, so that only one call in `openFor` ms waits for what does not answer.
 * cockatiel's would wait by the wall clock, which may jump.
 */
export const createCircuit = ({ openFor, now, onChange }: CircuitOptions): Circuit => {
  let isOpen = false
  let tryAt = 0
  return async (call, otherwise) => {
    if (isOpen) {
      if (now() < tryAt) return otherwise()
      // While this call tries, the others do not wait for it.
      tryAt = now() + openFor
    }
    try {
      const result = await call()
      if (isOpen) onChange('closed')
      isOpen = false
      return result
    } catch (error) {
      if (!isOpen) onChange('open', error)
      isOpen = true
      tryAt = now() + openFor
      return otherwise()
    }
  }
}
