import type { Standing } from './rotation.ts'

/** A key or secret by its id, and its standing. */
export interface Listed {
  id: string
  standing: Standing
}

/** The error when nothing can be retired yet. `from` is the time from which `id` can be. */
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
 * Returns the ids that can be retired now: all former ones that are no longer needed, or the given one. With `force`
 * the given one is returned even if it is needed. Throws `TooEarly` when it is too early. Throws an error for an id
 * that does not exist, that is active, or that is the only one.
 */
export const findRetirable = (
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
  if (!named) throw new Error(`${id} does not exist.`)
  if (listed.length === 1) throw new Error(`${id} is the only one. Rotate first.`)
  if (force || isDue(named)) return [id]
  if (named.standing.state === 'in force') throw new Error(`${id} is in use. Rotate first; --force removes it now.`)
  throw new TooEarly(id, fromOf(named))
}
