/** What tells the time, in ms. Given to whatever decides by it, so that tests can let time pass. */
export interface Clock {
  /** Since 1970. */
  now(): number
  /** Since some moment or other, and never set back. */
  elapsed(): number
}

/** The clocks of this machine. */
export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() }
