import { momentOf } from '../doctor/standing-findings.ts'
import { type Listed, TooEarly } from '../keys/retirement.ts'
import { UsageError } from './command.ts'

/** The clock of the tool, Unix seconds. */
export const now = (): number => Math.floor(Date.now() / 1000)

/** Where a key or a secret stands, as two cells; `verb` is what the one in force does. */
export const standingCells = (
  { standing, from }: Listed & { from: number },
  { at, verb }: { at: number; verb: string },
): [string, string] => {
  if (standing.state === 'in force') return [verb, from > 0 ? `since ${momentOf(from)}` : '']
  if (standing.state === 'next') return ['next', `from ${momentOf(standing.from)}`]
  if (standing.retirableFrom === undefined) return ['former', 'nothing says since when']
  return ['former', standing.retirableFrom <= at ? 'may go' : `may go from ${momentOf(standing.retirableFrom)}`]
}

/** Says in a sentence what `TooEarly` means; `unit` is what the caller rotates. */
export const retire = async (unit: string, work: () => Promise<string[]> | string[]): Promise<string[]> => {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TooEarly)) throw error
    const { id, from } = error
    throw new Error(
      from === undefined
        ? `The file does not say since when ${unit} ${id} is out of use. If it has been for long enough, name it with --force.`
        : `${unit} ${id} may go from ${momentOf(from)}. Nothing was changed; --force removes it now.`,
    )
  }
}

/** Seconds of a `--delay`. */
export const delayOf = (text: string | undefined, standard: number): number => {
  if (text === undefined) return standard
  if (!/^\d{1,7}$/.test(text)) throw new UsageError('--delay is a number of seconds.')
  return Number(text)
}

/** The one name that `retire` may be given. */
export const idOf = (command: string, positionals: string[], force: boolean): string | undefined => {
  if (positionals.length > 1) throw new UsageError(`"${command}" takes one id.`)
  if (force && positionals.length === 0) throw new UsageError(`"${command} --force" needs the id.`)
  return positionals[0]
}
