import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { readTextFile, readTextFileSync } from '../settings/text-file.ts'
import { generateKeySet, type KeyAlgorithm, readKeySets, type SigningKeys, type Source } from './key-set.ts'

/** Options for a file that only its owner can read, and that must not exist yet. */
const PRIVATE = { mode: 0o600, flag: 'wx' } as const

/** Returns the sorted names of the key sets in a folder. Drafts and the links of mounted secrets begin with a dot. */
const keySetsIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.endsWith('.json') && !name.startsWith('.')).sort()

/** Returns the text of a key file, or of all key sets in a folder (`*.json`). */
export const readKeySources = async (path: string): Promise<Source[]> => {
  if (!(await stat(path)).isDirectory()) return [{ name: path, text: await readTextFile(path) }]
  const names = await keySetsIn(path)
  return Promise.all(names.map(async (name) => ({ name, text: await readTextFile(join(path, name)) })))
}

/** Makes the error about the keys of a setting, with the command that makes valid ones. */
export const explainKeys = (setting: string, path: string, alg: KeyAlgorithm, error: unknown): Error =>
  new Error(`${setting}: ${(error as Error).message}. Make one with: npx doorcode keys new --file ${path} --alg ${alg}`)

/** Reads a key file or folder, for a server that signs with `alg`. Throws the error of `explainKeys`. */
export const readKeyFile = async (path: string, alg: KeyAlgorithm): Promise<SigningKeys> => {
  try {
    return readKeySets(await readKeySources(path), alg)
  } catch (error) {
    throw explainKeys(`JWT_KEYS_FILE ${path}`, path, alg, error)
  }
}

/** Writes a key file with one new key, which may sign at once. Returns the id of the key. Throws when the file exists. */
export const writeKeyFile = (path: string, alg: KeyAlgorithm): string => {
  const now = Math.floor(Date.now() / 1000)
  const keySet = generateKeySet(alg, { iat: now, nbf: now })
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 })
  writeFileSync(path, `${JSON.stringify(keySet, null, 2)}\n`, PRIVATE)
  return keySet.keys[0]!.kid
}

/** Makes a secret of 264 random bits, for a secret file. */
export const makeSecret = (): string => randomBytes(33).toString('base64')

/** Returns the path of the secret outside production. */
export const secretPath = (dataDir: string): string => join(dataDir, 'secret')

/** Returns the secret in `dataDir`, and makes it if it does not exist. For use outside production. */
export const secretIn = (dataDir: string): string => {
  const path = secretPath(dataDir)
  mkdirSync(dataDir, { recursive: true, mode: 0o711 })
  if (!existsSync(path)) writeFileSync(path, makeSecret(), PRIVATE)
  return readTextFileSync(path).trim()
}

/** Returns the path of the key file outside production. */
export const keyFilePath = (dataDir: string, alg: KeyAlgorithm): string =>
  join(dataDir, `jwt-keys-${alg.toLowerCase()}.json`)

/**
 * Returns the path of the key file in `dataDir`, and makes the file if it does not exist. For use outside production.
 */
export const keyFileIn = (dataDir: string, alg: KeyAlgorithm): string => {
  const path = keyFilePath(dataDir, alg)
  if (!existsSync(path)) writeKeyFile(path, alg)
  return path
}
