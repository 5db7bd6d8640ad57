import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'

/**
 * The SHA-256 of each set of functions, oldest first. The number of a set is its place here, from 1. A change of a function
 * adds a line at the end. Never edit a released line: by the numbers an older version recognizes newer functions, which it
 * must not replace.
 */
export const FUNCTION_SETS = ['a6faa98a7821bde893221a6d8236ea02a6fea1da945144dd10dadc4f5faac97c']

/** A database function of Doorcode. `text` creates or replaces it; `hash` is the SHA-256 of `text`. */
export interface DatabaseFunction {
  name: string
  text: string
  hash: string
}

/** The functions of one version, in the order of their names, and the number of their set. */
export interface FunctionSet {
  number: number
  functions: readonly DatabaseFunction[]
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Returns the SHA-256 of a set, as listed in `FUNCTION_SETS`. */
export const hashOfSet = (functions: readonly DatabaseFunction[]): string =>
  sha256(functions.map(({ name, hash }) => `${name} ${hash}\n`).join(''))

/** Reads the functions of a folder. Each file has one function and its name. */
export const readFunctions = (folder: URL): DatabaseFunction[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .toSorted()
    .map((file) => {
      const text = readFileSync(new URL(file, folder), 'utf8').replaceAll('\r\n', '\n')
      return { name: file.slice(0, -'.sql'.length), text, hash: sha256(text) }
    })

let own: FunctionSet | undefined

/** Returns the functions of this version, read once from the folder of this module. */
export const ownFunctions = (): FunctionSet => {
  own ??= { number: FUNCTION_SETS.length, functions: readFunctions(new URL('./', import.meta.url)) }
  return own
}
