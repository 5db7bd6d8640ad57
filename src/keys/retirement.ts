import type { Standing } from './rotation.ts'

/** A key or a secret by its name, and where it stands. */
export interface Listed {
  id: string
  standing: Standing
}

/** Why nothing may go. `from` is the moment from which something may. */
export class TooEarly extends Error {
  override readonly name = 'TooEarly'
  readonly id: string
  readonly from: number | undefined
  constructor(id: string, from: number | undefined) {
    super(`${id} is still needed`)
    this.id = id
    this.from = from
  }
}

/**
 * Which of these may go now: all former ones that nothing depends on any more, or the one that is named. With `force` the
 * named one goes whatever depends on it. Throws `TooEarly`, or an error for one that is not there, that serves, or that
 * would leave nothing.
 */
export const mayGo = (
  listed: readonly Listed[],
  { now, id, force = false }: { now: number; id?: string | undefined; force?: boolean },
): string[] => {
  const isDue = ({ standing }: Listed) =>
    standing.state === 'former' && standing.retirableFrom !== undefined && standing.retirableFrom <= now
  const fromOf = ({ standing }: Listed) => (standing.state === 'former' ? standing.retirableFrom : undefined)
  if (id === undefined) {
    const due = listed.filter(isDue)
    const former = listed
      .filter(({ standing }) => standing.state === 'former')
      .sort((one, other) => (fromOf(one) ?? Number.POSITIVE_INFINITY) - (fromOf(other) ?? Number.POSITIVE_INFINITY))
    if (due.length === 0 && former[0]) throw new TooEarly(former[0].id, fromOf(former[0]))
    return due.map((one) => one.id)
  }
  const named = listed.find((one) => one.id === id)
  if (!named) throw new Error(`There is no ${id}.`)
  if (listed.length === 1) throw new Error(`${id} is the only one. Rotate first.`)
  if (force || isDue(named)) return [id]
  if (named.standing.state === 'in force') throw new Error(`${id} is in use. Rotate first; --force removes it now.`)
  throw new TooEarly(id, fromOf(named))
}
