import { DURATIONS } from '../core/durations.ts'

/** Time for which clients may cache the list of public keys, in seconds. */
export const JWKS_MAX_AGE = 300

/** Time between two reads of the files of keys and secrets, in ms. */
export const POLL_INTERVAL_MS = 2_000

/**
 * Time between the publication of a new signing key and its first use, in seconds: longer than any cache of the list.
 */
export const PUBLISH_DELAY = 600

/**
 * Time between the addition of a new secret and its first use, in seconds: longer than every instance needs to read it.
 */
export const SECRET_DELAY = 60

/** The longest life that `ACCESS_TOKEN_TTL` allows, in seconds. */
export const LONGEST_TOKEN = DURATIONS.accessTtl.maximum

/** The longest life that `CODE_TTL` allows, in seconds. */
export const LONGEST_CHALLENGE = DURATIONS.codeTtl.maximum

/** The most by which the clocks of instances may differ, in seconds. */
export const CLOCK_SKEW = 60

/** A key or secret with its start. */
export interface Dated {
  /** The Unix seconds from which it may be active; 0 for no start. */
  from: number
}

/**
 * Returns the active key or secret, which is used for everything new: the latest that has started, or the earliest if
 * none has. Of equal ones the first listed is active. Every instance selects the same one by its clock, so that all
 * change at once without communication.
 */
export const activeKey = <T extends Dated>(all: readonly [T, ...T[]], now: number): T => {
  const begun = all.filter(({ from }) => from <= now)
  return begun.length > 0
    ? begun.reduce((best, one) => (one.from > best.from ? one : best))
    : all.reduce((best, one) => (one.from < best.from ? one : best))
}

/** The standing of a key or secret. `retirableFrom` is undefined when the start of its successor is unknown. */
export type Standing =
  | { state: 'in force' }
  | { state: 'next'; from: number }
  | { state: 'former'; retirableFrom: number | undefined }

/**
 * Returns the standing of each. A former one can be retired when everything made with it has expired: `longest` seconds
 * after its successor started, plus the clock skew.
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
