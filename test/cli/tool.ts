import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import type { Test } from 'tap'
import { run } from '../../src/cli/run.ts'
import { COMPILED_ONCE } from '../support/server-process.ts'

const TOOL = join(import.meta.dirname, '../../src/cli/doorcode.ts')

/** The output and exit of a run of the tool. */
export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** The environment of a run. */
export interface Surroundings {
  env?: Record<string, string>
  /** The whole input of stdin, which stays open afterwards if `keepOpen`. */
  input?: string | Buffer
  keepOpen?: boolean
}

/** Keeps the settings of the surrounding shell from the tool; an empty setting counts as unset. */
const UNSET = Object.fromEntries(
  ['NODE_ENV', 'DATABASE_URL', 'DATABASE_URL_FILE', 'DATA_DIR', 'JWT_KEYS_FILE', 'JWT_ALGORITHM'].map((name) => [
    name,
    '',
  ]),
)

/** Starts the real tool. */
export const startTool = (args: string[], { env, input = '', keepOpen }: Surroundings = {}) => {
  const child = spawn(process.execPath, [TOOL, ...args], {
    env: { ...process.env, ...UNSET, ...COMPILED_ONCE, ...env },
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  // The tool closes its end when it has read enough.
  child.stdin.on('error', () => {})
  child.stdin.write(input)
  if (!keepOpen) child.stdin.end()
  return { child, ended }
}

/** Runs the real tool until it exits. */
export const runTool = (args: string[], surroundings?: Surroundings): Promise<Ended> =>
  startTool(args, surroundings).ended

/** Returns all written text; one read returns one chunk. */
const allOf = (stream: PassThrough): string => {
  let text = ''
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) text += String(chunk)
  return text
}

/** Runs a command in this process, which saves the half second of starting the tool. */
export const runHere = async (
  args: string[],
  { env = {}, input = '' }: Pick<Surroundings, 'env' | 'input'> = {},
): Promise<Omit<Ended, 'signal'>> => {
  const stdin = Readable.from([Buffer.from(input)])
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const code = await run(args, { env, stdin: stdin as never, stdout, stderr })
  return { code, stdout: allOf(stdout), stderr: allOf(stderr) }
}

/** Makes a temporary folder that is removed after the test. */
export const makeFolder = (t: Test): string => {
  const folder = mkdtempSync(join(tmpdir(), 'doorcode-cli-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
