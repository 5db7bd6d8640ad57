import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Test } from 'tap'

/** A server in a child process, as `npm start` runs it. */
export interface ServerProcess {
  process: ChildProcess
  /** The address on which it listens. */
  address: string
  /** Returns all output so far. */
  output(): string
  /** Stops the server with a signal and resolves to its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

/** Makes a temporary folder for `DATA_DIR`. */
export const temporaryFolder = (t: Test): string => {
  const folder = mkdtempSync(join(tmpdir(), 'doorcode-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Shares the compile cache, so that each process does not compile the same source again. */
export const COMPILED_ONCE = { NODE_COMPILE_CACHE: resolve('.tap/compile-cache') }

/** Starts the server in a child process. */
export const spawnServer = (settings: Record<string, string>) => {
  const { PATH, HOME } = process.env
  const child = spawn(process.execPath, ['src/server.ts'], {
    env: { ...(PATH && { PATH }), ...(HOME && { HOME }), PORT: '0', ...COMPILED_ONCE, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let written = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      written += chunk
    })
  }
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  return { child, ended, output: () => written }
}

/** Runs a server that is expected to fail at its start, and returns its output and exit code. */
export const runToEnd = async (settings: Record<string, string>): Promise<{ output: string; code: number | null }> => {
  const { ended, output } = spawnServer(settings)
  const code = await ended
  return { output: output(), code }
}

/** Starts a server and waits until it listens. */
export const startServer = async (t: Test, settings: Record<string, string>): Promise<ServerProcess> => {
  const { child, ended, output } = spawnServer(settings)
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    return ended
  }
  t.teardown(() => stop('SIGTERM'))
  for (;;) {
    const port = /"listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(output())?.[1]
    if (port) return { process: child, address: `http://127.0.0.1:${port}`, output, stop }
    const code = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 20, 'running'))])
    if (code !== 'running') throw new Error(`the server ended with ${code}: ${output()}`)
  }
}

/** Calls a server, with POST if there is a body. */
export const call = async (url: string, body?: object, headers: Record<string, string> = {}) => {
  const response = await fetch(url, {
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
  })
  // biome-ignore lint/suspicious/noExplicitAny: a body may be any JSON.
  return { status: response.status, body: (await response.json()) as any }
}
