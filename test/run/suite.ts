/**
 * Runs the tests: `node test/run/suite.ts [--all] [FILE …]`. Without files it runs every `*.test.ts`; with `--all` also
 * every `*.long.ts` and all rounds of repeated tests. Several processes share the files.
 */
import { fork } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve as toPath } from 'node:path'
import { Parser, type Result } from 'tap-parser'
import type { FromSuite, ToSuite } from './messages.ts'
import { openSuitePostgres, type SuitePostgres } from './postgres.ts'
import { failuresIn } from './report.ts'

const TIMES_FILE = '.tap/times.json'

/** Two processes for each core, because tests spend half of their time on waits for Postgres or a socket. */
const LANES = Number(process.env['TEST_LANES'] ?? availableParallelism() * 2)

const args = process.argv.slice(2)
const isAll = args.includes('--all')
const named = args.filter((arg) => !arg.startsWith('--'))

const readTimes = (): Record<string, number> => {
  try {
    return JSON.parse(readFileSync(TIMES_FILE, 'utf8'))
  } catch {
    return {}
  }
}

const times = readTimes()
const lengthOf = (file: string) => times[file] ?? Number.POSITIVE_INFINITY
// Longest first, so that no process runs alone at the end.
const found = globSync(isAll ? 'test/**/*.{test,long}.ts' : 'test/**/*.test.ts', {
  exclude: (path) => path.includes('node_modules'),
})
  .sort()
  .sort((one, other) => lengthOf(other) - lengthOf(one))
const absent = named.filter((file) => !existsSync(file))
if (absent.length > 0) {
  console.error(`Test file not found: ${absent.join(', ')}. For example: npm test -- test/attacks/races.test.ts`)
  process.exit(2)
}
const files = named.length > 0 ? named : found
const waiting = [...files]

let postgres: Promise<SuitePostgres> | undefined

let [passed, failed] = [0, 0]
const missing = new Map<string, string>()

const finish = (file: string, { ok, time }: Pick<Result, 'ok' | 'time'>, text: string) => {
  times[file] = time ?? 0
  if (ok) console.log(`ok ${file} (${((time ?? 0) / 1_000).toFixed(1)} s)`)
  else console.log(`not ok ${file}\n${failuresIn(text)}`)
}

/** Runs files in a child process until none is left. A process that exits during a file fails that file. */
const runLane = (): Promise<void> =>
  new Promise((resolve) => {
    const lane = fork(join(import.meta.dirname, 'lane.ts'), {
      env: {
        NODE_COMPILE_CACHE: toPath('.tap/compile-cache'),
        // Each file has its own time limit.
        TAP_TIMEOUT: '0',
        ...process.env,
        ...(isAll && { TEST_ROUNDS: 'all' }),
      },
      // Tests create and discard hundreds of apps.
      execArgv: ['--max-semi-space-size=64'],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    let running: string | undefined
    const answer = (message: FromSuite) => lane.send(message, () => {})

    const parser = new Parser()
    parser.on('child', (child: Parser) => {
      const lines: string[] = []
      child.on('line', (line: string) => lines.push(line))
      child.on('assert', ({ ok }: Result) => {
        if (ok) passed += 1
        else failed += 1
      })
      child.on('complete', () => texts.set(child.name, lines.join('')))
    })
    const texts = new Map<string, string>()
    parser.on('assert', (result: Result) => {
      finish(result.name, result, texts.get(result.name) ?? '')
      texts.delete(result.name)
      if (running === result.name) running = undefined
    })
    lane.stdout!.pipe(parser)

    lane.on('message', (message: ToSuite) => {
      if (message.ask === 'file') {
        running = waiting.shift()
        answer({ file: running ?? null })
      } else if (message.ask === 'postgres') {
        postgres ??= openSuitePostgres()
        postgres.then(
          ({ url }) => answer({ postgres: url }),
          (error: Error) => answer({ fault: error.message }),
        )
      } else if (message.missing !== undefined) {
        missing.set(message.missing, message.install)
      }
    })
    lane.once('exit', (code, signal) => {
      if (running !== undefined) {
        failed += 1
        console.log(`not ok ${running}\n  Its process ended with ${signal ?? code}.`)
      }
      resolve(running !== undefined && waiting.length > 0 ? runLane() : undefined)
    })
  })

const stopPostgres = async () => (await postgres?.catch(() => undefined))?.stop()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stopPostgres().finally(() => process.exit(1)))
}

const start = performance.now()
await Promise.all(Array.from({ length: Math.min(LANES, waiting.length) }, runLane))
await stopPostgres()
mkdirSync('.tap', { recursive: true })
writeFileSync(TIMES_FILE, JSON.stringify(times))

console.log(`\n${files.length} files in ${((performance.now() - start) / 1_000).toFixed(1)} s`)
for (const [service, install] of missing) console.log(`Not tested: ${service} is missing. ${install}`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
