/**
 * Follows the README from a clone to an access token, and prints the time of each part. It clones the last commit, so
 * that uncommitted changes are not included.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { commandsOf, walkCalls } from '../test/support/page-walk.ts'

/** Longest time for the start of the server, in ms. */
const LONGEST_START = 180_000

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The environment of a new terminal: `PATH` without this project's tools, and `HOME`. */
const environment = ({ PATH = '', HOME = '' }: NodeJS.ProcessEnv) => ({
  PATH: PATH.split(':')
    .filter((folder) => !folder.includes('node_modules'))
    .join(':'),
  HOME,
})

const times: [what: string, ms: number][] = []
const timed = async <T>(what: string, work: () => T | Promise<T>): Promise<T> => {
  const start = performance.now()
  try {
    return await work()
  } finally {
    times.push([what, performance.now() - start])
  }
}

const run = (cwd: string, [program = '', ...args]: string[]) => {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env: environment(process.env), encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`)
}

/** Runs the start command until the server prints its calls. Resolves to its address, its console output and a stop. */
const start = async (cwd: string, [program = '', ...args]: string[]) => {
  const port = await freePort()
  const child = spawn(program, args, { cwd, env: { ...environment(process.env), PORT: String(port) }, detached: true })
  let written = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      written += chunk
    })
  }
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const stop = () => {
    process.kill(-child.pid!, 'SIGTERM')
    return ended
  }
  const until = performance.now() + LONGEST_START
  while (!written.includes('curl -s http')) {
    if (child.exitCode !== null) throw new Error(`the server did not start:\n${written}`)
    if (performance.now() > until) {
      await stop()
      throw new Error(`the server did not start in time:\n${written}`)
    }
    await sleep(50)
  }
  return { address: `http://127.0.0.1:${port}`, output: () => written, stop }
}

const folder = mkdtempSync(join(tmpdir(), 'doorcode-walk-'))
try {
  const clone = join(folder, 'doorcode')
  await timed('git clone', () => run(folder, ['git', 'clone', '--quiet', process.cwd(), clone]))
  const [install = [], serve = []] = commandsOf(join(clone, 'README.md'))
  await timed(install.join(' '), () => run(clone, install))
  const server = await timed(serve.join(' '), () => start(clone, serve))
  try {
    const steps = await walkCalls(commandsOf(join(clone, 'README.md'), '## Try it'), server)
    times.push(...steps.map(({ command, took }): [string, number] => [command.replace(/ -H .*/, ''), took]))
    if (!steps.at(-1)?.answer.access_token) throw new Error(`no access token: ${JSON.stringify(steps.at(-1)?.answer)}`)
  } finally {
    await server.stop()
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const total = times.reduce((sum, [, ms]) => sum + ms, 0)
for (const [what, ms] of [...times, ['from clone to access token', total] as const])
  process.stdout.write(`${(ms / 1000).toFixed(1).padStart(7)} s  ${what}\n`)
