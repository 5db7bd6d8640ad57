import { type Kysely, sql } from 'kysely'
import type { DatabaseFunction, FunctionSet } from './functions/index.ts'

/**
 * A function in the database that a version of Doorcode has created. Its comment identifies the source text, so that the
 * record stays with the function in a dump and disappears with a `drop`. Every role may read it.
 */
export interface AppliedFunction {
  name: string
  /** The comment on the function. */
  marker: string
}

const MARKER = /^Doorcode function set (?<set>\d+), SHA-256 (?<hash>[0-9a-f]{64})$/

/** Matches the comments that `applyFunctions` writes, in SQL. */
export const MARKERS = 'Doorcode function set %'

const markerOf = ({ hash }: DatabaseFunction, set: FunctionSet): string =>
  `Doorcode function set ${set.number}, SHA-256 ${hash}`

/**
 * Compares the functions of the database with those of this version. `newer` names the functions that a newer set has
 * created from another text; this version does not replace them. `pending` has the other functions with another text, and
 * the missing ones. In a newer schema (`isNewer` is true for newer tables) a missing function was dropped by the newer
 * version, and is not pending.
 */
export const compareFunctions = (
  applied: readonly AppliedFunction[],
  { set, isNewer }: { set: FunctionSet; isNewer: boolean },
): { pending: DatabaseFunction[]; newer: string[] } => {
  const wanted = new Map(set.functions.map(({ name, hash }) => [name, hash]))
  const made = new Map(applied.map(({ name, marker }) => [name, MARKER.exec(marker)?.groups]))
  const others = [...made.keys()].filter((name) => made.get(name)?.['hash'] !== wanted.get(name))
  const newer = others.filter((name) => Number(made.get(name)?.['set'] ?? 0) > set.number)
  const maySkip = isNewer || newer.length > 0
  return {
    pending: set.functions.filter(({ name }) =>
      made.has(name) ? others.includes(name) && !newer.includes(name) : !maySkip,
    ),
    newer: newer.toSorted(),
  }
}

/** Creates or replaces functions, in the caller's transaction. Throws the database's error. */
export const applyFunctions = async (
  db: Kysely<never>,
  { pending, set }: { pending: readonly DatabaseFunction[]; set: FunctionSet },
): Promise<void> => {
  // Twice: the first time without a check of the bodies, because a function may call one that does not exist yet.
  for (const isChecked of [false, true]) {
    await sql`select set_config('check_function_bodies', ${isChecked ? 'on' : 'off'}, true)`.execute(db)
    for (const { text } of pending) await sql.raw(text).execute(db)
  }
  for (const one of pending)
    await sql`comment on function ${sql.id(one.name)} is ${sql.lit(markerOf(one, set))}`.execute(db)
}
