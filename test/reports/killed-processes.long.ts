/** Checks that nothing remains after processes are killed. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { removeEmbedded, startEmbedded } from '../../db/embedded.ts'
import { clusterOf } from '../../db/embedded-places.ts'
import { removeAbandonedFolders } from '../../testing/abandoned.ts'
import { copyCachedCluster } from '../../testing/cluster-cache.ts'
import { startDoorcode } from '../../testing/index.ts'
import { startTool } from '../cli/tool.ts'
import { query, suitePostgres } from '../support/postgres.ts'
import { spawnServer, temporaryFolder } from '../support/server-process.ts'

const database = (await suitePostgres()) as `postgres://${string}`

/** Creates a data folder with a cluster that was never started. */
const folderWithCluster = async (t: Test): Promise<string> => {
  const dataDir = temporaryFolder(t)
  t.teardown(() => removeEmbedded(dataDir))
  await copyCachedCluster({ dataDir })
  return dataDir
}

/** Returns the processes with this text in their command line, except `ps`. */
const processesWith = (text: string): string[] =>
  execFileSync('ps', ['-eo', 'stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(text) && !line.startsWith('Z') && !line.includes('ps -eo'))

const isRunning = (dataDir: string): boolean => existsSync(join(clusterOf(dataDir), 'postmaster.pid'))

t.test('leaves no Postgres running after two SIGTERMs during its start', async (t) => {
  for (const [who, start] of [
    ['the server', (dataDir: string) => spawnServer({ DATA_DIR: dataDir })],
    ['the tool', (dataDir: string) => startTool(['user', 'list'], { env: { DATA_DIR: dataDir } })],
  ] as const) {
    const dataDir = await folderWithCluster(t)
    const { child, ended } = start(dataDir)
    // Postgres is starting, and pg_ctl waits for it.
    while (!existsSync(join(clusterOf(dataDir), 'server.log'))) await sleep(1)
    child.kill('SIGTERM')
    await sleep(20)
    child.kill('SIGTERM')
    await ended
    t.notOk(isRunning(dataDir), who)
    t.strictSame(processesWith(dataDir), [], who)
  }
})

t.test('leaves no process running after two SIGTERMs during the creation of the cluster', async (t) => {
  const dataDir = temporaryFolder(t)
  t.teardown(() => removeEmbedded(dataDir))
  const { child, ended } = spawnServer({ DATA_DIR: dataDir })
  while (!existsSync(join(dataDir, 'postgres.password'))) await sleep(2)
  child.kill('SIGTERM')
  await sleep(20)
  child.kill('SIGTERM')
  await ended
  t.strictSame(processesWith(dataDir), [])
})

/** Runs a program that kills itself at its end. */
const runAndKill = async (program: string, env: Record<string, string>) => {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', `${program}\nprocess.kill(process.pid, 'SIGKILL')`],
    { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  await once(child, 'exit')
}

t.test('takes over and stops the embedded Postgres of a killed server', async (t) => {
  const dataDir = await folderWithCluster(t)
  const start = `const { startEmbedded } = await import('./db/embedded.ts')
    await startEmbedded({ dataDir: process.env.FOLDER })`
  await runAndKill(start, { FOLDER: dataDir })
  t.ok(isRunning(dataDir))
  const next = await startEmbedded({ dataDir })
  t.equal(next.startedHere, true)
  t.equal((await startEmbedded({ dataDir })).startedHere, false, 'the next server owns it from now on')
  next.stop()
  t.notOk(isRunning(dataDir))
})

/** Sets a temporary directory for the instances of this test; returns it with a function that lists its entries. */
const useTemporaryDirectory = (t: Test) => {
  const { TMPDIR } = process.env
  const folder = temporaryFolder(t)
  process.env['TMPDIR'] = folder
  t.teardown(() => {
    if (TMPDIR === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = TMPDIR
  })
  return { folder, entries: () => readdirSync(folder).filter((name) => name.startsWith('doorcode-testing-')) }
}

/** Returns the processes of the instances of this test, in the order of their start. */
const instances = (): number[] =>
  execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^ *(\d+) +(\d+) (.*)/.exec(line) ?? [])
    .filter(([, , parent, command]) => Number(parent) === process.pid && command?.includes('testing/instance'))
    .map(([, pid]) => Number(pid))

const databases = async () =>
  (
    await query(
      database,
      `select datname as name from pg_database where datname like 'doorcode_testing_${process.pid}_%' order by 1`,
    )
  ).map(({ name }) => name)

t.test('removes the folder and database of a killed instance, and of no other', async (t) => {
  const { entries } = useTemporaryDirectory(t)
  const alive = await startDoorcode({ database })
  t.teardown(() => alive.stop())
  const kept = [entries(), await databases()]
  const doomed = await startDoorcode({ database })
  process.kill(instances().at(-1)!, 'SIGKILL')
  await t.rejects(doomed.user())
  t.equal((await databases()).length, 2)
  t.equal(entries().length, 2)

  const next = await startDoorcode({ database })
  t.equal((await databases()).length, 2)
  t.equal(entries().length, 2)
  await next.stop()
  t.strictSame([entries(), await databases()], kept)
  t.equal((await fetch(`${alive.url}/health/ready`)).status, 200)
})

t.test('stops the Postgres of a killed instance', async (t) => {
  const { entries, folder } = useTemporaryDirectory(t)
  const start = `const { makeInstanceFolder } = await import('./testing/abandoned.ts')
    const { copyCachedCluster } = await import('./testing/cluster-cache.ts')
    const { startEmbedded } = await import('./db/embedded.ts')
    const dataDir = makeInstanceFolder()
    await copyCachedCluster({ dataDir })
    await startEmbedded({ dataDir })`
  await runAndKill(start, { TMPDIR: folder })
  t.equal(entries().length, 1)
  t.ok(isRunning(join(folder, entries()[0]!)))
  await removeAbandonedFolders()
  t.strictSame(entries(), [])
  t.strictSame(processesWith(folder), [])
})
