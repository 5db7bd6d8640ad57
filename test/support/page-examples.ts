import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'

/** A program on a page and its requirements. */
interface Example {
  file: string
  /** Tells whether its requirements are installed. */
  isHere: () => boolean
  command: (file: string) => [string, ...string[]]
  /** The text that limits how often the JWKS is fetched, and its replacement without a limit. */
  cooldown: [file: string, text: string, always: string]
}

/** The folder of packages that the project itself does not have. */
const packages = resolve(process.env['EXAMPLES_FOLDER'] ?? 'test')

const GO = 'go'

const runs = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0

const node = (file: string, ...needs: string[]): Example => ({
  file,
  isHere: () => {
    const { resolve: find } = createRequire(join(packages, 'x.js'))
    return needs.every((name) => {
      try {
        return find(name) !== ''
      } catch {
        return false
      }
    })
  },
  command: (path) => [process.execPath, path],
  cooldown: ['verify.mjs', 'cooldownDuration: 30_000', 'cooldownDuration: 0'],
})

/** The programs of docs/verify-tokens.md. */
export const EXAMPLES: readonly Example[] = [
  node('fastify.mjs', 'jose', 'fastify'),
  node('express.mjs', 'jose', 'express'),
  node('hono.mjs', 'jose', 'hono', '@hono/node-server'),
  {
    file: 'api.py',
    isHere: () =>
      runs(
        'python3',
        '-c',
        'import cryptography, inspect, jwt; inspect.signature(jwt.PyJWKClient).parameters["cooldown_duration"]',
      ),
    command: (path) => ['python3', path],
    cooldown: ['api.py', 'cooldown_duration=30', 'cooldown_duration=0'],
  },
  {
    file: 'api.go',
    isHere: () => runs(GO, 'version'),
    // A killed `go run` would leave the program running.
    command: (path) => {
      const built = spawnSync(GO, ['build', '-o', `${path}.bin`, path], { encoding: 'utf8' })
      if (built.status !== 0) throw new Error(built.stderr)
      return [`${path}.bin`]
    },
    cooldown: ['api.go', 'cooldown  = 30 * time.Second', 'cooldown  = 0 * time.Second'],
  },
]

const BLOCK = /^```\w+ (?<name>[\w./-]+)\n(?<text>[\s\S]*?)^```$/gm

/** Returns the named programs of a page. */
export const programsOf = (page: string): Map<string, string> =>
  new Map([...readFileSync(page, 'utf8').matchAll(BLOCK)].map(({ groups }) => [groups!['name']!, groups!['text']!]))

/** Writes the programs below a folder from which their imports resolve. */
export const writePrograms = (t: Test, programs: Map<string, string>): string => {
  const folder = t.testdir()
  symlinkSync(join(packages, 'node_modules'), join(folder, 'node_modules'))
  for (const [name, text] of programs) writeFileSync(join(folder, name), text)
  return folder
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Starts an example and waits until it responds; resolves to a function that calls it. */
export const startExample = async (t: Test, [command, ...args]: [string, ...string[]], env: Record<string, string>) => {
  const port = await freePort()
  const child = spawn(command, args, {
    env: { ...process.env, ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let written = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      written += chunk
    })
  }
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill()
    await ended
  })
  const ask = async (path: string, token?: string) => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
    await response.text()
    return { status: response.status, challenge: response.headers.get('www-authenticate') }
  }
  for (let tries = 0; ; tries += 1) {
    try {
      await ask('/orders')
      return ask
    } catch (error) {
      if (tries === 400 || child.exitCode !== null) throw new Error(`it does not start: ${written}`, { cause: error })
      await sleep(50)
    }
  }
}
