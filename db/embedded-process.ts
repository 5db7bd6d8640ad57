/** The programs of an embedded Postgres while they run, and the process that has to stop them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import type { Identity } from './embedded-places.ts'

/** Returns our environment without what Postgres reads of it, such as PGOPTIONS and PGCTLTIMEOUT. */
export const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')))

/** Ends a program and what it has started, except for a server, which has a session of its own. */
const killGroup = ({ pid }: ChildProcess): void => {
  try {
    process.kill(-pid!, 'SIGKILL')
  } catch {
    // It has ended, or never began.
  }
}

/**
 * Runs a program to its end, out of reach of Ctrl-C on our terminal. Throws what it wrote when it fails. What it leaves
 * running keeps its output open, so that its own end is what counts. It ends with our process.
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

/** Returns a port of this machine that nothing listens on. */
export const freePort = (): Promise<number> =>
  new Promise((done, failed) => {
    const server = createServer().once('error', failed)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => done(port))
    })
  })

/** Returns the port of the server that runs on a cluster, or ran last; undefined where there is none. */
export const portOf = (cluster: string): number | undefined => {
  try {
    return Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[3])
  } catch {
    return undefined
  }
}

/** The process that started a server, and the port of that server, as they are written down beside the cluster. */
const ownerFile = (dataDir: string): string => join(resolve(dataDir), 'postgres-owner')

/** Returns whether the process that started the server on this port has ended without stopping it. */
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

/** Notes that this process is the one that starts, or takes over, the server on this port. */
export const claim = (dataDir: string, port: number): void =>
  writeFileSync(ownerFile(dataDir), `${process.pid} ${port}`)

/** The longest that the exit of our process waits for a server that just starts, in ms. */
const LONGEST_EXIT = 5_000
const STEP = 20

/** Waits until the server on this port is there, and calls `stop`. Synchronous, for the moment in which the process exits. */
export const stopStarting = (cluster: string, { port, stop }: { port: number; stop: () => void }): void => {
  const never = new Int32Array(new SharedArrayBuffer(4))
  for (let waited = 0; portOf(cluster) !== port; waited += STEP) {
    if (waited >= LONGEST_EXIT) return
    Atomics.wait(never, 0, 0, STEP)
  }
  stop()
}

/** Stops the server of a cluster and waits until it has stopped; does nothing where none runs. */
export const stopCluster = (
  pgCtl: string,
  { identity, cluster, mode }: { identity: Identity; cluster: string; mode: string },
) => void spawnSync(pgCtl, ['stop', '-w', '-m', mode, '-D', cluster], { ...identity, env: environment(), cwd: '/' })
