import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generateKeySet, type KeyAlgorithm, readKeySet, type SigningKey } from './key-set.ts'

/** Readable by its owner alone; refuses to replace a file that is there. */
const PRIVATE = { mode: 0o600, flag: 'wx' } as const

/** Reads a key file. Throws an error that names the file, what is wrong with it, and how to make a right one. */
export const readKeyFile = (path: string, alg: KeyAlgorithm): [SigningKey, ...SigningKey[]] => {
  try {
    return readKeySet(readFileSync(path, 'utf8'), alg)
  } catch (error) {
    throw new Error(
      `JWT_KEYS_FILE ${path}: ${(error as Error).message}. Make one with: npx doorcode keys new --file ${path} --alg ${alg}`,
    )
  }
}

/** Writes a key file with one new key and returns the key's id. Throws when the file exists. */
export const writeKeyFile = (path: string, alg: KeyAlgorithm): string => {
  const keySet = generateKeySet(alg)
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 })
  writeFileSync(path, `${JSON.stringify(keySet, null, 2)}\n`, PRIVATE)
  return keySet.keys[0]!.kid
}

/** The secret kept in `dataDir`, made when there is none: for use outside production. */
export const secretIn = (dataDir: string): string => {
  const path = join(dataDir, 'secret')
  mkdirSync(dataDir, { recursive: true, mode: 0o711 })
  if (!existsSync(path)) writeFileSync(path, randomBytes(33).toString('base64'), PRIVATE)
  return readFileSync(path, 'utf8').trim()
}

/** Where outside production the key file is kept. */
export const keyFilePath = (dataDir: string, alg: KeyAlgorithm): string =>
  join(dataDir, `jwt-keys-${alg.toLowerCase()}.json`)

/** The key file kept in `dataDir`, made when there is none: for use outside production. */
export const keyFileIn = (dataDir: string, alg: KeyAlgorithm): string => {
  const path = keyFilePath(dataDir, alg)
  if (!existsSync(path)) writeKeyFile(path, alg)
  return path
}
