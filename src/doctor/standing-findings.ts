import type { Listed } from '../keys/retirement.ts'
import { type Finding, ok, warning } from './finding.ts'

/** Formats a time in Unix seconds. */
export const momentOf = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')

/** Reports next and former keys or secrets. `command` is the command that changes them. */
export const standingFindings = (
  looked: string,
  listed: readonly Listed[],
  { now, command }: { now: number; command: 'keys' | 'secret' },
): Finding[] =>
  listed.flatMap(({ id, standing }): Finding[] => {
    if (standing.state === 'next') return [ok(looked, `${id} becomes active at ${momentOf(standing.from)}.`)]
    if (standing.state === 'in force') return []
    const { retirableFrom } = standing
    if (retirableFrom !== undefined && retirableFrom > now)
      return [ok(looked, `The former ${id} can be retired from ${momentOf(retirableFrom)}.`)]
    return [
      warning(
        looked,
        `The former ${id} is still accepted${retirableFrom === undefined ? ', and the end of its use is unknown' : ''}.`,
        retirableFrom === undefined
          ? `If its use ended an hour ago or earlier, run: npx doorcode ${command} retire ${id} --force`
          : `Run: npx doorcode ${command} retire`,
      ),
    ]
  })
