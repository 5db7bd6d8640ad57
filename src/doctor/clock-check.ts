import { type Finding, fault, ok, warning } from './finding.ts'
import type { Probes } from './probes.ts'

/** A clock that was read, by the machine's own clock just before and just after, in ms. */
export interface ReadClock {
  looked: string
  /** Undefined where it said nothing. */
  time: Date | undefined
  before: number
  after: number
  /** How finely it was given, in ms. */
  resolution: number
}

/** What clocks may differ by before tokens and dates of keys go wrong, in ms. */
const TOO_FAR = 60_000
/** What time servers keep machines within, many times over. */
const FAR = 2_000

/** How far a clock is from ours at least: what the road and its resolution explain is taken off. */
const skewOf = (time: Date, { before, after, resolution }: ReadClock): number => {
  const [earliest, latest] = [time.getTime(), time.getTime() + resolution]
  if (latest < before) return before - latest
  return earliest > after ? earliest - after : 0
}

/** This machine's clock against others. */
export const checkClocks = (clocks: readonly ReadClock[]): Finding[] =>
  clocks.map((clock) => {
    const looked = `this machine's clock and ${clock.looked}`
    if (clock.time === undefined)
      return warning(looked, 'The other one was not given.', 'Make sure that both machines ask a time server.')
    const skew = skewOf(clock.time, clock)
    const found = `They differ by ${(skew / 1000).toFixed(1)} s.`
    if (skew > TOO_FAR) return fault(looked, found, 'Let both machines ask a time server (chrony, systemd-timesyncd).')
    if (skew > FAR) return warning(looked, found, 'Let both machines ask a time server (chrony, systemd-timesyncd).')
    return ok(looked, 'They agree.')
  })

/** Reads the clock behind the public address, as its answers are dated; nothing where there is no address or answer. */
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
