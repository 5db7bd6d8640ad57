import { momentOf } from '../doctor/standing-findings.ts'
import { listKeys, retireKeys, rotateKeys } from '../keys/change-keys.ts'
import { keyFilePath, writeKeyFile } from '../keys/key-files.ts'
import type { KeyAlgorithm } from '../keys/key-set.ts'
import { JWKS_MAX_AGE, PUBLISH_DELAY } from '../keys/rotation.ts'
import { readSettings } from '../settings/read.ts'
import { type Command, commandOf, readArgs, refuseNames, UsageError, type World } from './command.ts'
import { delayOf, idOf, now, retire, standingCells } from './rotation.ts'
import { columns } from './table.ts'

const FILE = { file: { type: 'string' } } as const
const ALG = { alg: { type: 'string' } } as const

const isAlgorithm = (alg: string): alg is KeyAlgorithm => alg === 'EdDSA' || alg === 'ES256'

const algOf = ({ alg }: { alg?: string | undefined }): KeyAlgorithm | undefined => {
  if (alg !== undefined && !isAlgorithm(alg)) throw new UsageError(`--alg must be EdDSA or ES256, not "${alg}".`)
  return alg
}

const algForServer = ({ env }: World): KeyAlgorithm => readSettings({ env }, ['JWT_ALGORITHM']).JWT_ALGORITHM

/** Returns the given file, or the one that the server reads. In production `JWT_KEYS_FILE` must be set. */
const fileOf = ({ file }: { file?: string | undefined }, { env }: World, alg: () => KeyAlgorithm): string => {
  if (file === '') throw new UsageError('--file needs a file name.')
  if (file !== undefined) return file
  const { JWT_KEYS_FILE: set, DATA_DIR: dataDir } = readSettings({ env }, ['JWT_KEYS_FILE', 'DATA_DIR'])
  return set ?? keyFilePath(dataDir, alg())
}

const make: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, { ...FILE, ...ALG })
  refuseNames('keys new', positionals)
  const alg = algOf(values) ?? algForServer(world)
  const file = fileOf(values, world, () => alg)
  try {
    const kid = writeKeyFile(file, alg)
    world.stdout.write(`Created ${file} with one ${alg} key: ${kid}\n`)
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && path === file) throw new Error(`${file} exists already and was not changed.`)
    throw error
  }
}

const rotate: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, { ...FILE, ...ALG, delay: { type: 'string' } })
  refuseNames('keys rotate', positionals)
  const delay = delayOf(values.delay, PUBLISH_DELAY)
  const wanted = algOf(values)
  const file = fileOf(values, world, () => wanted ?? algForServer(world))
  const { kid, alg, from, former } = await rotateKeys(file, { now: now(), delay, alg: wanted })
  const place = former === undefined ? '' : ` instead of ${former}`
  world.stdout.write(`Added the ${alg} key ${kid} to ${file}. It signs from ${momentOf(from)}${place}.\n`)
  if (delay <= JWKS_MAX_AGE) {
    world.stderr.write(
      `APIs may cache the key set for ${JWKS_MAX_AGE} s. Until then they can reject tokens of a key that is not in it.\n`,
    )
  }
}

const list: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, FILE)
  refuseNames('keys list', positionals)
  const at = now()
  const keys = await listKeys(
    fileOf(values, world, () => algForServer(world)),
    at,
  )
  const body = keys.map((key) => [key.id, key.alg, ...standingCells(key, { at, verb: 'signs' })])
  world.stdout.write(columns(['key', 'algorithm', 'state', 'when'], body))
}

const remove: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, { ...FILE, force: { type: 'boolean', default: false } })
  const { force } = values
  const id = idOf('keys retire', positionals, force)
  const file = fileOf(values, world, () => algForServer(world))
  const removed = await retire('Key', () => retireKeys(file, { now: now(), id, force }))
  world.stdout.write(removed.length === 0 ? 'No former keys exist.\n' : `Removed ${removed.join(', ')} from ${file}.\n`)
}

/** The command `keys new|rotate|list|retire`, which manages signing keys. It never shows a private key. */
export const keys = commandOf('keys', {
  new: make,
  rotate,
  list,
  retire: remove,
})
