import { DURATIONS } from '../core/durations.ts'

/** How long others may keep the list of our public keys, in seconds. */
export const JWKS_MAX_AGE = 300

/** Time between two reads of the files of keys and secrets, in ms. */
export const POLL_INTERVAL_MS = 2_000

/** How long a new signing key is published before it signs, in seconds: longer than anybody keeps a list without it. */
export const PUBLISH_DELAY = 600

/** How long a new secret is known before it keys anything, in seconds: every instance has read it long since. */
export const SECRET_DELAY = 60

/** The longest life that `ACCESS_TOKEN_TTL` allows, in seconds. */
export const LONGEST_TOKEN = DURATIONS.accessTtl.maximum

/** The longest life that `CODE_TTL` allows, in seconds. */
export const LONGEST_CHALLENGE = DURATIONS.codeTtl.maximum

/** Clocks of our instances may differ by this much, in seconds. */
export const CLOCK_SKEW = 60

/** Something that another of its kind takes the place of. */
export interface Dated {
  /** From when it may be used for what is new, Unix seconds; 0 for "since ever". */
  from: number
}

/**
 * Returns the key or secret that is used for what is new: the latest whose time has come (of several, the first listed),
 * or the earliest if none has begun. Every instance finds the same one by its own clock, so that all change at once
 * without a message between them.
 */
export const activeKey = <T extends Dated>(all: readonly [T, ...T[]], now: number): T => {
  const begun = all.filter(({ from }) => from <= now)
  return begun.length > 0
    ? begun.reduce((best, one) => (one.from > best.from ? one : best))
    : all.reduce((best, one) => (one.from < best.from ? one : best))
}

/** Where one stands. `retirableFrom` is undefined where nothing says since when its successor serves. */
export type Standing =
  | { state: 'in force' }
  | { state: 'next'; from: number }
  | { state: 'former'; retirableFrom: number | undefined }

/**
 * Where each stands. A former one may go once the last thing that it was used for is over: `longest` seconds after its
 * successor began, and what clocks may differ by.
 */
export const standings = <T extends Dated>(
  all: readonly [T, ...T[]],
  { now, longest }: { now: number; longest: number },
): Standing[] => {
  const current = activeKey(all, now)
  return all.map((one): Standing => {
    if (one === current) return { state: 'in force' }
    if (one.from > now) return { state: 'next', from: one.from }
    const later = all.map(({ from }) => from).filter((from) => from > one.from && from <= now)
    return {
      state: 'former',
      retirableFrom: later.length > 0 ? Math.min(...later) + longest + CLOCK_SKEW : undefined,
    }
  })
}
