import { type DatabaseFunction, type FunctionSet, hashOfSet, ownFunctions } from '../../db/functions/index.ts'

/** Creates a set of the next version in which `change` replaces texts of functions. */
const nextSet = (change: (one: DatabaseFunction) => string | undefined): FunctionSet => {
  const { number, functions } = ownFunctions()
  return {
    number: number + 1,
    functions: functions.map((one) => {
      const text = change(one)
      return text === undefined ? one : { ...one, text, hash: hashOfSet([{ ...one, hash: text }]) }
    }),
  }
}

/** Creates a set of the next version in which one function has `to` in place of `from`. */
export const changeOf = (name: string, from: string, to: string): FunctionSet =>
  nextSet((one) => (one.name === name ? one.text.replace(from, to) : undefined))

/** A next version whose `guard_seconds` returns at least two seconds. */
export const SLOWER = changeOf('guard_seconds', 'greatest(1,', 'greatest(2,')
