import { keyFilePath, writeKeyFile } from '../keys/key-files.ts'
import type { KeyAlgorithm } from '../keys/key-set.ts'
import { readSettings } from '../load-config.ts'
import { type Command, readArgs, refuseNames, UsageError, type World } from './command.ts'

const OPTIONS = { file: { type: 'string' }, alg: { type: 'string' } } as const

const isAlgorithm = (alg: string): alg is KeyAlgorithm => alg === 'EdDSA' || alg === 'ES256'

/** Where the server will look: production reads the file that is set and no other. */
const fileForServer = (env: World['env'], alg: KeyAlgorithm): string => {
  const { JWT_KEYS_FILE: file, DATA_DIR: dataDir } = readSettings({ env }, ['JWT_KEYS_FILE', 'DATA_DIR'])
  return file ?? keyFilePath(dataDir, alg)
}

/** `keys new`: makes a key file where the server will look for it, and never replaces one. */
export const keys: Command = async ([name, ...args], { env, stdout }) => {
  if (name !== 'new') throw new UsageError('Say what to do with keys: "keys new".')
  const { values, positionals } = readArgs(args, OPTIONS)
  refuseNames('keys new', positionals)
  if (values.file === '') throw new UsageError('--file names no file.')
  if (values.alg !== undefined && !isAlgorithm(values.alg)) {
    throw new UsageError(`--alg is EdDSA or ES256, not "${values.alg}".`)
  }

  const alg = values.alg ?? readSettings({ env }, ['JWT_ALGORITHM']).JWT_ALGORITHM
  const file = values.file ?? fileForServer(env, alg)
  try {
    const kid = writeKeyFile(file, alg)
    stdout.write(`Made ${file} with one ${alg} key: ${kid}\n`)
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && path === file) throw new Error(`${file} exists already and is left as it is.`)
    throw error
  }
}
