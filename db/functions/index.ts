import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'

/**
 * The SHA-256 of each set of functions, oldest first: the number of a set is its place here. A change of a function adds a
 * line at the end. A line that was released is never edited: the numbers are how an older version recognises newer
 * functions, and leaves them alone.
 */
export const FUNCTION_SETS = ['a6faa98a7821bde893221a6d8236ea02a6fea1da945144dd10dadc4f5faac97c']

/** A database function of ours. `text` creates or replaces it; `hash` is the SHA-256 of `text`. */
export interface DatabaseFunction {
  name: string
  text: string
  hash: string
}

/** The functions of one version of the code, by name, and the number of their set. */
export interface FunctionSet {
  number: number
  functions: readonly DatabaseFunction[]
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Returns the SHA-256 of a set, as it stands in `FUNCTION_SETS`. */
export const hashOfSet = (functions: readonly DatabaseFunction[]): string =>
  sha256(functions.map(({ name, hash }) => `${name} ${hash}\n`).join(''))

/** Reads the functions of a folder, one file each, named after its function. */
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
