import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { connectionTo } from './connection.ts'
import {
  clusterOf,
  findBinaries,
  type Identity,
  makeClusterPlace,
  removeDataDir,
  unprivileged,
} from './embedded-places.ts'
import {
  claim,
  environment,
  freePort,
  isAbandoned,
  portOf,
  run,
  stopCluster,
  stopStarting,
} from './embedded-process.ts'

/** A Postgres of our own, for machines that have none. */
export interface EmbeddedPostgres {
  url: string
  /** False when it was running already and the process that started it still runs. */
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

/** Why Postgres stopped: the last fault it named, else the last thing it said. */
const lastFault = (text: string): string => {
  if (text.includes('No space left on device')) return 'the disk is full'
  const lines = text.trim().split('\n')
  return (lines.findLast((line) => /error:|ERROR:|FATAL:|PANIC:/.test(line)) ?? lines.at(-1) ?? '').trim()
}

const explain = (error: unknown, cluster: string): Error => {
  const { stderr, message } = error as { stderr?: string; message: string }
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

/** Makes a cluster with the password in this file. */
const makeCluster = async (
  cluster: string,
  { initdb, identity, password }: { initdb: string; identity: Identity; password: string },
): Promise<void> => {
  // Made beside its place and moved there when it is whole: a start that is killed leaves no half of a cluster.
  const fresh = `${cluster}.new`
  const passwordFile = `${cluster}.password`
  rmSync(fresh, { recursive: true, force: true })
  rmSync(passwordFile, { force: true })
  mkdirSync(fresh, { mode: 0o700 })
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if ('uid' in identity) for (const path of [fresh, passwordFile]) chownSync(path, identity.uid, identity.gid)
  const options = ['--auth=scram-sha-256', '--username=doorcode', '--encoding=UTF8', '--locale=C', '--no-sync']
  try {
    await run(initdb, [`--pgdata=${fresh}`, `--pwfile=${passwordFile}`, ...options], identity)
  } catch (error) {
    throw explain(error, fresh)
  } finally {
    rmSync(passwordFile, { force: true })
  }
  renameSync(fresh, cluster)
}

/** Finds the programs, and the place of the cluster in this data folder, which is made where it is missing. */
const prepare = async (dataDir: string) => {
  const identity = unprivileged()
  const { initdb, pg_ctl: pgCtl } = await findBinaries(identity)
  const stopOrphan = (cluster: string) => stopCluster(pgCtl, { identity, cluster, mode: 'immediate' })
  return { identity, initdb, pgCtl, cluster: makeClusterPlace(dataDir, { identity, stopOrphan }) }
}

/** Returns the path at which `startEmbedded` looks for the cluster of this data folder; its parent folder is made. */
export const prepareCluster = async (dataDir: string): Promise<string> => (await prepare(dataDir)).cluster

/**
 * Starts the cluster in `dataDir`, making it first when there is none, or finds it running. It listens on 127.0.0.1
 * alone, on a free port, with a password that only the owner of the folder can read. One whose starter was killed is
 * taken over. Throws an error that says in one line what is wrong.
 */
export const startEmbedded = async ({
  dataDir,
  say = () => {},
  settings = {},
}: EmbeddedOptions): Promise<EmbeddedPostgres> => {
  const { identity, initdb, pgCtl, cluster } = await prepare(dataDir)
  const passwordFile = join(resolve(dataDir), 'postgres-password')
  const where =
    cluster === join(resolve(dataDir), 'postgres')
      ? ''
      : ` in ${cluster}: it runs as the user "${identity['name']}", who cannot enter ${resolve(dataDir)}`

  if (!existsSync(join(cluster, 'PG_VERSION'))) {
    say('Making the embedded Postgres (once, some seconds) …')
    const password = randomBytes(18).toString('base64url')
    writeFileSync(passwordFile, password, { mode: 0o600 })
    await makeCluster(cluster, { initdb, identity, password })
  }

  const stop = () => stopCluster(pgCtl, { identity, cluster, mode: 'fast' })
  const isRunning = () =>
    spawnSync(pgCtl, ['status', '-D', cluster], { ...identity, env: environment(), cwd: '/' }).status === 0
  const chosenPort = await freePort()
  let startedHere = false
  // A process that ends while it starts one leaves none behind.
  const undo = () => (startedHere ? stop() : stopStarting(cluster, { port: chosenPort, stop }))
  try {
    if (isRunning()) {
      const port = portOf(cluster)
      startedHere = isAbandoned(dataDir, port)
      if (startedHere) claim(dataDir, port!)
    } else {
      say(`Starting the embedded Postgres${where} …`)
      const given = {
        port: String(chosenPort),
        listen_addresses: '127.0.0.1',
        unix_socket_directories: '',
        ...settings,
      }
      const flags = Object.entries(given)
        .map(([name, value]) => `-c ${name}='${value}'`)
        .join(' ')
      claim(dataDir, chosenPort)
      process.once('exit', undo)
      try {
        // pg_ctl puts the server into a session of its own, so that it does not end with our terminal.
        await run(pgCtl, ['start', '-w', '-D', cluster, '-l', join(cluster, 'server.log'), '-o', flags], identity)
        startedHere = true
      } catch (error) {
        // Another process may have started it in the same moment; then it is theirs.
        if (!isRunning()) throw explain(error, cluster)
      }
    }

    const password = readFileSync(passwordFile, 'utf8').trim()
    const server = `postgres://doorcode:${password}@127.0.0.1:${portOf(cluster)}`
    try {
      await createDatabase(`${server}/postgres`)
    } catch (error) {
      if (startedHere) stop()
      throw error
    }
    return { url: `${server}/doorcode`, startedHere, stop }
  } finally {
    process.off('exit', undo)
  }
}

/** Stops what runs in a data folder and removes it all. */
export const removeEmbedded = async (dataDir: string): Promise<void> => {
  const cluster = clusterOf(dataDir)
  if (existsSync(join(cluster, 'postmaster.pid'))) {
    const identity = unprivileged()
    const { pg_ctl: pgCtl } = await findBinaries(identity)
    stopCluster(pgCtl, { identity, cluster, mode: 'immediate' })
  }
  removeDataDir(dataDir)
}

const DUPLICATE_DATABASE = '42P04'

const createDatabase = async (url: string): Promise<void> => {
  const client = new pg.Client(connectionTo(url))
  await client.connect()
  try {
    await client.query('create database doorcode')
  } catch (error) {
    if ((error as { code?: string }).code !== DUPLICATE_DATABASE) throw error
  } finally {
    await client.end()
  }
}
