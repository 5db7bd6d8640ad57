/** Tells the time, in ms. All code that decides by the time gets a clock, so that tests can let time pass. */
export interface Clock {
  /** Returns the time since 1970. */
  now(): number
  /** Returns the time since an arbitrary moment; it never goes back. */
  elapsed(): number
}

/** The clocks of this machine. */
export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() }
