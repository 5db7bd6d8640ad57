import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** Decodes UTF-8, or UTF-16 where a byte order mark says so, and leaves the mark out. */
const decode = (bytes: Uint8Array): string => {
  const mark = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)
  const encoding = mark === 0xfffe ? 'utf-16le' : mark === 0xfeff ? 'utf-16be' : 'utf-8'
  return new TextDecoder(encoding).decode(bytes)
}

/** Reads a text file, in whatever Unicode the editor or shell of its author saves one. */
export const readTextFile = async (path: string): Promise<string> => decode(await readFile(path))

/** Reads one at once, for what a start cannot do without. */
export const readTextFileSync = (path: string): string => decode(readFileSync(path))
