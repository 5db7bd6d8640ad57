import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { query, suitePostgres } from '../support/postgres.ts'

const database = await suitePostgres()
const KIT = pathToFileURL('testing/index.ts').href

/** Starts a test in a separate process, which starts an instance, prints its URL and runs the given code. */
const startTest = (t: Test, then: string) => {
  const program = `
    import { startDoorcode } from ${JSON.stringify(KIT)}
    const api = await startDoorcode({ database: ${JSON.stringify(database)} })
    console.log(api.url)
    ${then}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    // A killed process leaves its folder behind.
    env: { ...process.env, TMPDIR: t.testdir() },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return { child, ended: once(child, 'exit'), line: async () => (await lines.next()).value as string }
}

/** Returns the databases of a test's instances. */
const databasesOf = ({ pid }: ChildProcess) =>
  query(database, `select datname as name from pg_database where datname like 'doorcode_testing_${pid}_%'`)

/** Resolves to true when the instance does not answer and has no database left. */
const isGone = async (url: string, test: ChildProcess): Promise<boolean> => {
  for (let tries = 0; tries < 200; tries += 1) {
    const answers = await fetch(`${url}/health/live`).then(
      () => true,
      () => false,
    )
    if (!answers && (await databasesOf(test)).length === 0) return true
    await sleep(50)
  }
  return false
}

t.test('ends an instance with the test process that started it, however that ends', async (t) => {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const { child, line, ended } = startTest(t, 'process.stdin.resume()')
    const url = await line()
    t.equal((await fetch(`${url}/health/ready`)).status, 200)
    t.equal((await databasesOf(child)).length, 1)
    child.kill(signal)
    await ended
    t.ok(await isGone(url, child), signal)
  }
})

t.test('ends an instance that the test forgot to stop', async (t) => {
  const { child, line, ended } = startTest(t, '')
  const url = await line()
  t.strictSame(await ended, [0, null])
  t.ok(await isGone(url, child))
})

t.test('explains that an instance has ended by itself', async (t) => {
  const { child, line, ended } = startTest(
    t,
    `const { execFileSync } = await import('node:child_process')
    const [pid] = execFileSync('pgrep', ['-P', String(process.pid), '-f', 'testing/instance']).toString().split('\\n')
    process.kill(Number(pid), 'SIGKILL')
    try {
      await api.user()
    } catch (error) {
      console.log(error.message.trim())
    }
    await api.stop()`,
  )
  await line()
  t.match(
    await line(),
    /^(?:The user "user-1" cannot be added: )?Doorcode (?:has ended \(SIGKILL\)|is no longer running)/,
  )
  t.strictSame(await ended, [0, null])
  for (const { name } of await databasesOf(child)) await query(database, `drop database "${name}" with (force)`)
})
