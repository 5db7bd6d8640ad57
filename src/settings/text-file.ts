import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** Decodes UTF-8, or UTF-16 after a byte order mark, and removes the mark. */
const decode = (bytes: Uint8Array): string => {
  const mark = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)
  const encoding = mark === 0xfffe ? 'utf-16le' : mark === 0xfeff ? 'utf-16be' : 'utf-8'
  return new TextDecoder(encoding).decode(bytes)
}

/** Reads a text file in UTF-8 or UTF-16, because editors and shells save either. */
export const readTextFile = async (path: string): Promise<string> => decode(await readFile(path))

/** Reads a text file synchronously, for files that the start needs. */
export const readTextFileSync = (path: string): string => decode(readFileSync(path))
