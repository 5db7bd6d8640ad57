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

/** A Postgres server that Doorcode starts, for machines without one. */
export interface EmbeddedPostgres {
  url: string
  /** False when another process started it and still runs. */
  startedHere: boolean
  /** Stops the server and waits until it has stopped. Synchronous, so that it works while the process exits. */
  stop(): void
}

/** The place and the settings of the cluster. */
export interface EmbeddedOptions {
  /** The folder for the cluster; created when it does not exist. */
  dataDir: string
  /** Called with a line about each slow step. */
  say?: (line: string) => void
  /** Settings for the server, as in postgresql.conf. */
  settings?: Record<string, string>
}

/** Returns the last error in the output of Postgres, or its last line. */
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
    // The server did not start far enough to write a log.
  }
  return new Error(`The embedded Postgres in ${cluster} did not start: ${lastFault(logged || said)}`)
}

/** Creates a cluster whose superuser has this password. */
const makeCluster = async (
  cluster: string,
  { initdb, identity, password }: { initdb: string; identity: Identity; password: string },
): Promise<void> => {
  // Created beside its place and moved there when complete, so that a killed start leaves no partial cluster.
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

/** Finds the programs and the place of the cluster; creates the data folder when it does not exist. */
const prepare = async (dataDir: string) => {
  const identity = unprivileged()
  const { initdb, pg_ctl: pgCtl } = await findBinaries(identity)
  const stopOrphan = (cluster: string) => stopCluster(pgCtl, { identity, cluster, mode: 'immediate' })
  return { identity, initdb, pgCtl, cluster: makeClusterPlace(dataDir, { identity, stopOrphan }) }
}

/** Returns the path where `startEmbedded` expects the cluster of this data folder. Creates its parent folder. */
export const prepareCluster = async (dataDir: string): Promise<string> => (await prepare(dataDir)).cluster

/**
 * Starts the cluster in `dataDir`, or returns the running one. Creates the cluster when it does not exist. The server
 * listens only on 127.0.0.1, on a free port, with a password that only the owner of the folder can read. A server whose
 * owner was killed is taken over. Throws an error with a message of one line.
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
      : ` in ${cluster}: it runs as the user "${identity['name']}", which cannot enter ${resolve(dataDir)}`

  if (!existsSync(join(cluster, 'PG_VERSION'))) {
    say('Creating the embedded Postgres (once, takes some seconds) …')
    const password = randomBytes(18).toString('base64url')
    writeFileSync(passwordFile, password, { mode: 0o600 })
    await makeCluster(cluster, { initdb, identity, password })
  }

  const stop = () => stopCluster(pgCtl, { identity, cluster, mode: 'fast' })
  const isRunning = () =>
    spawnSync(pgCtl, ['status', '-D', cluster], { ...identity, env: environment(), cwd: '/' }).status === 0
  const chosenPort = await freePort()
  let startedHere = false
  // A process that exits during the start leaves no server running.
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
        // pg_ctl gives the server its own session, so that it does not end with the terminal.
        await run(pgCtl, ['start', '-w', '-D', cluster, '-l', join(cluster, 'server.log'), '-o', flags], identity)
        startedHere = true
      } catch (error) {
        // Another process may have started it at the same time, and then owns it.
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

/** Stops the server of a data folder, and removes the folder and the cluster. */
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
