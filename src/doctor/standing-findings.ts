import type { Listed } from '../keys/retirement.ts'
import { type Finding, ok, warning } from './finding.ts'

/** A moment in Unix seconds, for people. */
export const momentOf = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')

/** What waits for its turn, and what is of no use any more. `command` is that of the tool which changes them. */
export const standingFindings = (
  looked: string,
  listed: readonly Listed[],
  { now, command }: { now: number; command: 'keys' | 'secret' },
): Finding[] =>
  listed.flatMap(({ id, standing }): Finding[] => {
    if (standing.state === 'next') return [ok(looked, `${id} takes over at ${momentOf(standing.from)}.`)]
    if (standing.state === 'in force') return []
    const { retirableFrom } = standing
    if (retirableFrom !== undefined && retirableFrom > now)
      return [ok(looked, `The former ${id} may go from ${momentOf(retirableFrom)}.`)]
    return [
      warning(
        looked,
        `The former ${id} is still accepted${retirableFrom === undefined ? ', and nothing says since when it is out of use' : ''}.`,
        retirableFrom === undefined
          ? `If it has been for an hour, run: npx doorcode ${command} retire ${id} --force`
          : `Run: npx doorcode ${command} retire`,
      ),
    ]
  })
