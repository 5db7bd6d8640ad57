import { momentOf } from '../doctor/standing-findings.ts'
import { type Listed, TooEarly } from '../keys/retirement.ts'
import { UsageError } from './command.ts'

/** Returns the current time in Unix seconds. */
export const now = (): number => Math.floor(Date.now() / 1000)

/** Formats the state of a key or secret as two cells. `verb` is the state of the active one. */
export const standingCells = (
  { standing, from }: Listed & { from: number },
  { at, verb }: { at: number; verb: string },
): [string, string] => {
  if (standing.state === 'in force') return [verb, from > 0 ? `since ${momentOf(from)}` : '']
  if (standing.state === 'next') return ['next', `from ${momentOf(standing.from)}`]
  if (standing.retirableFrom === undefined) return ['former', 'unknown since when']
  return [
    'former',
    standing.retirableFrom <= at ? 'can be retired' : `can be retired from ${momentOf(standing.retirableFrom)}`,
  ]
}

/** Runs `work` and explains a `TooEarly` error in a sentence. `unit` is the rotated thing, such as "Key". */
export const retire = async (unit: string, work: () => Promise<string[]> | string[]): Promise<string[]> => {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TooEarly)) throw error
    const { id, from } = error
    throw new Error(
      from === undefined
        ? `The file does not say when the use of ${unit} ${id} ended. If that is long enough ago, remove it with --force.`
        : `${unit} ${id} can be retired from ${momentOf(from)}. Nothing was changed; --force removes it now.`,
    )
  }
}

/** Parses `--delay` in seconds. Throws a `UsageError` for other text. */
export const delayOf = (text: string | undefined, standard: number): number => {
  if (text === undefined) return standard
  if (!/^\d{1,7}$/.test(text)) throw new UsageError('--delay must be a number of seconds.')
  return Number(text)
}

/** Returns the optional id for `retire`. Throws a `UsageError` for several ids, and for none with `--force`. */
export const idOf = (command: string, positionals: string[], force: boolean): string | undefined => {
  if (positionals.length > 1) throw new UsageError(`"${command}" takes one id.`)
  if (force && positionals.length === 0) throw new UsageError(`"${command} --force" needs the id.`)
  return positionals[0]
}
