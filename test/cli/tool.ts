import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import type { Test } from 'tap'
import { run } from '../../src/cli/run.ts'
import { COMPILED_ONCE } from '../support/server-process.ts'

const TOOL = join(import.meta.dirname, '../../src/cli/doorcode.ts')

/** What the tool left when it ended. */
export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** What surrounds one run. */
export interface Surroundings {
  env?: Record<string, string>
  /** All that stdin gives; it is open and silent afterwards when `keepOpen`. */
  input?: string | Buffer
  keepOpen?: boolean
}

/** Settings of whoever runs the tests must not reach the tool; an empty one counts as not set. */
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
  // A tool that has read enough closes its end.
  child.stdin.on('error', () => {})
  child.stdin.write(input)
  if (!keepOpen) child.stdin.end()
  return { child, ended }
}

/** Runs the real tool to its end. */
export const runTool = (args: string[], surroundings?: Surroundings): Promise<Ended> =>
  startTool(args, surroundings).ended

/** Everything that was written: one read gives one chunk. */
const allOf = (stream: PassThrough): string => {
  let text = ''
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) text += String(chunk)
  return text
}

/** Runs the same command in this process, without the half second that each start of the tool takes. */
export const runHere = async (
  args: string[],
  { env = {}, input = '' }: Pick<Surroundings, 'env' | 'input'> = {},
): Promise<Omit<Ended, 'signal'>> => {
  const stdin = Readable.from([Buffer.from(input)])
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const code = await run(args, { env, stdin: stdin as never, stdout, stderr })
  return { code, stdout: allOf(stdout), stderr: allOf(stderr) }
}

/** A folder of the test's own that goes when the test does. */
export const makeFolder = (t: Test): string => {
  const folder = mkdtempSync(join(tmpdir(), 'doorcode-cli-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
