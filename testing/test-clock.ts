/** A duration. Days have 24 hours. */
export interface Duration {
  days?: number
  hours?: number
  minutes?: number
  seconds?: number
}

/** The clock of an instance. */
export interface TestClock {
  /** Returns the time of the instance, in ms since 1970: `new Date(api.clock.now())`. */
  now(): number
  /** Advances the time for tokens, codes, cooldowns, sessions and locks: `{ minutes: 6 }`. It cannot go back. */
  advance(by: Duration): Promise<void>
}

const SECONDS = { days: 86_400, hours: 3_600, minutes: 60, seconds: 1 }

/** Maximum advance in ms; more is a mistake. */
const MAX_ADVANCE = 30 * 366 * 86_400_000

/** The clock of the machine, read now because a test may install fake timers later. */
const { now: machineTime } = Date

const msOf = (by: Duration): number => {
  const parts = Object.entries(by)
  const wrong = parts.find(([unit, count]) => !(unit in SECONDS) || !(Number.isFinite(count) && count >= 0))
  if (wrong || parts.length === 0)
    throw new TypeError(
      `clock.advance accepts ${Object.keys(SECONDS).join(', ')}, and no negative numbers. For example: { minutes: 6 }`,
    )
  return Math.round(parts.reduce((sum, [unit, count]) => sum + count * SECONDS[unit as keyof Duration], 0) * 1000)
}

/** Creates the clock of an instance. `advance` moves the time of the instance by ms. */
export const createTestClock = (advance: (ms: number) => Promise<unknown>): TestClock => {
  let ahead = 0
  return {
    now: () => machineTime() + ahead,
    async advance(by) {
      const ms = msOf(by)
      if (ahead + ms > MAX_ADVANCE) throw new RangeError('clock.advance accepts at most 30 years in total.')
      await advance(ms)
      ahead += ms
    },
  }
}
