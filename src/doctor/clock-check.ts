import { type Finding, fault, ok, warning } from './finding.ts'
import type { Probes } from './probes.ts'

/** The time of another clock, with the times in ms of this machine's clock just before and after. */
export interface ReadClock {
  looked: string
  /** Undefined if it is unknown. */
  time: Date | undefined
  before: number
  after: number
  /** Resolution of the time in ms. */
  resolution: number
}

/** Skew in ms from which tokens and dates of keys fail. */
const MAX_SKEW = 60_000
/** Skew in ms far above that of machines with a time server. */
const UNUSUAL_SKEW = 2_000

/** Returns the minimum skew of a clock in ms, without network delay and resolution. */
const skewOf = (time: Date, { before, after, resolution }: ReadClock): number => {
  const [earliest, latest] = [time.getTime(), time.getTime() + resolution]
  if (latest < before) return before - latest
  return earliest > after ? earliest - after : 0
}

/** Compares the clock of this machine with other clocks. */
export const checkClocks = (clocks: readonly ReadClock[]): Finding[] =>
  clocks.map((clock) => {
    const looked = `this machine's clock and ${clock.looked}`
    if (clock.time === undefined)
      return warning(looked, 'The time of the other clock is unknown.', 'Check that both machines use a time server.')
    const skew = skewOf(clock.time, clock)
    const found = `They differ by ${(skew / 1000).toFixed(1)} s.`
    if (skew > MAX_SKEW)
      return fault(looked, found, 'Synchronize both machines with a time server (chrony, systemd-timesyncd).')
    if (skew > UNUSUAL_SKEW)
      return warning(looked, found, 'Synchronize both machines with a time server (chrony, systemd-timesyncd).')
    return ok(looked, 'They agree.')
  })

/** Reads the clock of the public address from the `Date` header. Returns an empty list without an address or a response. */
export const publicClock = async (
  issuer: string | undefined,
  { ask, now }: Pick<Probes, 'ask' | 'now'>,
): Promise<ReadClock[]> => {
  if (issuer === undefined) return []
  const before = now()
  const answer = await ask(`${issuer}/health/live`).catch(() => undefined)
  if (!answer) return []
  const { date } = answer.headers
  const time = date === undefined ? undefined : new Date(date)
  return [{ looked: `the Date of ${issuer}`, time, before, after: now(), resolution: 1_000 }]
}
