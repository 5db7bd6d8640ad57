/** Runs the programs of an embedded Postgres, and records the process that has to stop its server. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import type { Identity } from './embedded-places.ts'

/**
 * Returns the environment of this process without the variables that Postgres reads, such as PGOPTIONS and
 * PGCTLTIMEOUT.
 */
export const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')))

/** Kills a program and its children, except a Postgres server, which has its own session. */
const killGroup = ({ pid }: ChildProcess): void => {
  try {
    process.kill(-pid!, 'SIGKILL')
  } catch {
    // It has ended, or did not start.
  }
}

/**
 * Runs a program to its end. Ctrl-C on the terminal does not reach it, but it ends with this process. Waits for its exit
 * and not for its output, which a server that it started keeps open. Throws an error with its output when it fails.
 */
export const run = (file: string, args: string[], identity: Identity): Promise<void> =>
  new Promise((done, failed) => {
    const child = spawn(file, args, {
      ...identity,
      env: environment(),
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const kill = () => killGroup(child)
    process.once('exit', kill)
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.once('error', failed)
    child.once('exit', (code) => {
      process.off('exit', kill)
      child.stderr.destroy()
      if (code === 0) done()
      else failed(Object.assign(new Error(`${file} ended with ${code}`), { stderr }))
    })
  })

/** Returns a free port on 127.0.0.1. */
export const freePort = (): Promise<number> =>
  new Promise((done, failed) => {
    const server = createServer().once('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => done(port))
    })
  })

/** Returns the port of the server that runs on a cluster, or crashed there; undefined for a stopped cluster. */
export const portOf = (cluster: string): number | undefined => {
  try {
    return Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[3])
  } catch {
    return undefined
  }
}

/** Returns the path of the file that records the process that started a server, and the server's port. */
const ownerFile = (dataDir: string): string => join(resolve(dataDir), 'postgres-owner')

/** Returns true when the process that started the server on this port has ended without stopping it. */
export const isAbandoned = (dataDir: string, port: number | undefined): boolean => {
  try {
    const [pid, ownPort] = readFileSync(ownerFile(dataDir), 'utf8').split(' ').map(Number)
    if (ownPort !== port) return false
    process.kill(pid!, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** Records this process as the owner of the server on this port. */
export const claim = (dataDir: string, port: number): void =>
  writeFileSync(ownerFile(dataDir), `${process.pid} ${port}`)

/** The longest time that the exit of this process waits for a server that is starting, in ms. */
const LONGEST_EXIT = 5_000
const STEP = 20

/**
 * Waits until the server on this port has started, then calls `stop`. Synchronous, so that it works while the process
 * exits.
 */
export const stopStarting = (cluster: string, { port, stop }: { port: number; stop: () => void }): void => {
  const never = new Int32Array(new SharedArrayBuffer(4))
  for (let waited = 0; portOf(cluster) !== port; waited += STEP) {
    if (waited >= LONGEST_EXIT) return
    Atomics.wait(never, 0, 0, STEP)
  }
  stop()
}

/** Stops the server of a cluster, if one runs, and waits until it has stopped. */
export const stopCluster = (
  pgCtl: string,
  { identity, cluster, mode }: { identity: Identity; cluster: string; mode: string },
) => void spawnSync(pgCtl, ['stop', '-w', '-m', mode, '-D', cluster], { ...identity, env: environment(), cwd: '/' })
