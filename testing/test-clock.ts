/** A length of time. Days have 24 hours. */
export interface Duration {
  days?: number
  hours?: number
  minutes?: number
  seconds?: number
}

/** The clock of an instance. */
export interface TestClock {
  /** The time there, in ms since 1970: `new Date(api.clock.now())`. */
  now(): number
  /** Lets time pass, for tokens, codes, cooldowns, sessions and locks alike: `{ minutes: 6 }`. It never goes back. */
  advance(by: Duration): Promise<void>
}

const SECONDS = { days: 86_400, hours: 3_600, minutes: 60, seconds: 1 }

/** More than that is a mistake, and the further ends of calendars are not what a test is for; in ms. */
const FURTHEST = 30 * 366 * 86_400_000

/** Now and not later: fake timers of a test's own may stand in its place by then. */
const { now: machineTime } = Date

const msOf = (by: Duration): number => {
  const parts = Object.entries(by)
  const wrong = parts.find(([unit, count]) => !(unit in SECONDS) || !(Number.isFinite(count) && count >= 0))
  if (wrong || parts.length === 0)
    throw new TypeError(
      `clock.advance takes ${Object.keys(SECONDS).join(', ')}, none below 0. For example: { minutes: 6 }`,
    )
  return Math.round(parts.reduce((sum, [unit, count]) => sum + count * SECONDS[unit as keyof Duration], 0) * 1000)
}

/** Makes the clock of an instance that `advance` moves by so many ms. */
export const createTestClock = (advance: (ms: number) => Promise<unknown>): TestClock => {
  let ahead = 0
  return {
    now: () => machineTime() + ahead,
    async advance(by) {
      const ms = msOf(by)
      if (ahead + ms > FURTHEST) throw new RangeError('clock.advance goes no further than 30 years.')
      await advance(ms)
      ahead += ms
    },
  }
}
