import { momentOf } from '../doctor/standing-findings.ts'
import { listSecrets, makeSecretFile, retireSecrets, rotateSecret } from '../keys/change-secrets.ts'
import { secretPath } from '../keys/key-files.ts'
import { SECRET_DELAY } from '../keys/rotation.ts'
import { readSettings } from '../settings/read.ts'
import { type Command, commandOf, readArgs, refuseNames, UsageError, type World } from './command.ts'
import { delayOf, idOf, now, retire, standingCells } from './rotation.ts'
import { columns } from './table.ts'

const FILE = { file: { type: 'string' } } as const

/** Returns the given file, or the one that the server reads. */
const fileOf = ({ file }: { file?: string | undefined }, { env }: World): string => {
  if (file === '') throw new UsageError('--file needs a file name.')
  const set = file ?? (env['SECRET_FILE']?.trim() || undefined)
  if (set !== undefined) return set
  const { NODE_ENV: mode, DATA_DIR: dataDir } = readSettings({ env }, ['DATA_DIR'])
  if (mode === 'production') throw new UsageError('The secret file is unknown. Use --file, or set SECRET_FILE.')
  return secretPath(dataDir)
}

const make: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, FILE)
  refuseNames('secret new', positionals)
  const file = fileOf(values, world)
  try {
    world.stdout.write(`Created ${file} with the secret ${makeSecretFile(file)}.\n`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new Error(`${file} exists already and was not changed.`)
  }
}

const rotate: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, { ...FILE, delay: { type: 'string' } })
  refuseNames('secret rotate', positionals)
  const file = fileOf(values, world)
  const { id, from } = rotateSecret(file, { now: now(), delay: delayOf(values.delay, SECRET_DELAY) })
  world.stdout.write(`Added the secret ${id} to ${file}. It is used from ${momentOf(from)}.\n`)
}

const list: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, FILE)
  refuseNames('secret list', positionals)
  const at = now()
  const body = listSecrets(fileOf(values, world), at).map((one) => [
    one.id,
    ...standingCells(one, { at, verb: 'in use' }),
  ])
  world.stdout.write(columns(['secret', 'state', 'when'], body))
}

const remove: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, { ...FILE, force: { type: 'boolean', default: false } })
  const { force } = values
  const id = idOf('secret retire', positionals, force)
  const file = fileOf(values, world)
  const removed = await retire('Secret', () => retireSecrets(file, { now: now(), id, force }))
  world.stdout.write(
    removed.length === 0 ? 'No former secrets exist.\n' : `Removed ${removed.join(', ')} from ${file}.\n`,
  )
}

/** The command `secret new|rotate|list|retire`, which manages the secret of the server. It shows only ids. */
export const secret = commandOf('the secret', {
  new: make,
  rotate,
  list,
  retire: remove,
})
