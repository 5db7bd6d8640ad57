import { momentOf } from '../doctor/standing-findings.ts'
import { listSecrets, makeSecretFile, retireSecrets, rotateSecret } from '../keys/change-secrets.ts'
import { secretPath } from '../keys/key-files.ts'
import { SECRET_DELAY } from '../keys/rotation.ts'
import { readSettings } from '../settings/read.ts'
import { type Command, commandOf, readArgs, refuseNames, UsageError, type World } from './command.ts'
import { delayOf, idOf, now, retire, standingCells } from './rotation.ts'
import { columns } from './table.ts'

const FILE = { file: { type: 'string' } } as const

/** The file that is named, or where the server reads its secret. */
const fileOf = ({ file }: { file?: string | undefined }, { env }: World): string => {
  if (file === '') throw new UsageError('--file names no file.')
  const set = file ?? (env['SECRET_FILE']?.trim() || undefined)
  if (set !== undefined) return set
  const { NODE_ENV: mode, DATA_DIR: dataDir } = readSettings({ env }, ['DATA_DIR'])
  if (mode === 'production') throw new UsageError('Neither --file nor SECRET_FILE says which file.')
  return secretPath(dataDir)
}

const make: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, FILE)
  refuseNames('secret new', positionals)
  const file = fileOf(values, world)
  try {
    world.stdout.write(`Made ${file} with the secret ${makeSecretFile(file)}.\n`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new Error(`${file} exists already and is left as it is.`)
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
  const gone = await retire('Secret', () => retireSecrets(file, { now: now(), id, force }))
  world.stdout.write(gone.length === 0 ? 'There is no former secret.\n' : `Removed ${gone.join(', ')} from ${file}.\n`)
}

/** `secret new|rotate|list|retire`: the life of the server's secret. It is named by an id and never shown. */
export const secret = commandOf('the secret', {
  new: make,
  rotate,
  list,
  retire: remove,
})
