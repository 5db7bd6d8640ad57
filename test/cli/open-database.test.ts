import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import { startEmbedded } from '../../db/embedded.ts'
import { withDatabase } from '../../src/cli/open-database.ts'
import { query, withDatabase as urlOf } from '../support/postgres.ts'
import { makeFolder, runHere, runTool, startTool } from './tool.ts'

const DATA_DIR = makeFolder(t)
const isRunning = () => existsSync(join(DATA_DIR, 'postgres', 'postmaster.pid'))
// Cleans up after a failed test, and does nothing if Postgres has stopped.
t.teardown(async () => {
  if (isRunning()) (await startEmbedded({ dataDir: DATA_DIR })).stop()
})

t.test('creates, migrates and stops an embedded database where none is configured', async (t) => {
  // The tool ignores the shell's variables for Postgres tools.
  const shell = {
    PGSSLMODE: 'require',
    PGOPTIONS: '-c search_path=x',
    PGHOST: '192.0.2.1',
    PGPORT: '1',
    PGDATABASE: 'x',
  }
  const first = await runTool(['migrate'], { env: { DATA_DIR, ...shell } })
  t.equal(first.stderr, '')
  t.equal(first.code, 0)
  t.match(first.stdout, /^Ran 0001_accounts_and_challenges.*\.\n$/)
  t.notOk(isRunning())
  const second = await runHere(['migrate'], { env: { DATA_DIR } })
  t.strictSame(second, { code: 0, stdout: 'The database is up to date.\n', stderr: '' })
  t.notOk(isRunning())
})

t.test('stops the embedded Postgres after a failure', async (t) => {
  const { code, stderr } = await runHere(['user', 'disable', 'nobody'], { env: { DATA_DIR } })
  t.equal(code, 1)
  t.equal(stderr, 'The user "nobody" does not exist.\n')
  t.notOk(isRunning())
})

t.test('ends after a signal once Postgres has stopped', async (t) => {
  const { child, ended } = startTool(['user', 'list'], { env: { DATA_DIR } })
  while (!isRunning() && child.exitCode === null) await sleep(5)
  child.kill('SIGTERM')
  t.equal((await ended).signal, 'SIGTERM')
  t.notOk(isRunning())
})

t.test('keeps the embedded Postgres running when a server has started to use it', async (t) => {
  const server = new pg.Pool({ max: 1 })
  await withDatabase(
    { env: { DATA_DIR }, stdin: process.stdin, stdout: process.stdout, stderr: t.comment as never },
    async () => {
      const { url, startedHere } = await startEmbedded({ dataDir: DATA_DIR })
      t.notOk(startedHere)
      Object.assign(server.options, { connectionString: url, application_name: 'doorcode' })
      await server.query('select 1')
    },
  )
  t.ok(isRunning())
  t.equal((await server.query('select 1')).rowCount, 1)
  await server.end()
})

t.test('does not migrate an external database without a command', async (t) => {
  const { url } = await startEmbedded({ dataDir: DATA_DIR })
  await query(url, 'create database given')
  const env = { NODE_ENV: 'production', DATABASE_URL: urlOf(url, 'given') }

  const before = await runHere(['user', 'list'], { env })
  t.equal(before.code, 1)
  t.equal(before.stderr, 'The database is not up to date. Run "npx doorcode migrate" first.\n')
  t.match((await runHere(['migrate'], { env })).stdout, /^Ran /)
  t.equal((await runHere(['user', 'list'], { env })).stdout, 'No users exist.\n')
  t.ok(isRunning())
})

t.test('reports an unreachable database in one line, without its password', async (t) => {
  const { code, stdout, stderr } = await runHere(['user', 'list'], {
    env: { DATABASE_URL: 'postgres://doorcode:sesame@127.0.0.1:1/doorcode' },
  })
  t.equal(code, 1)
  t.equal(stdout, '')
  t.equal(stderr, 'The database cannot be reached: connect ECONNREFUSED 127.0.0.1:1\n')
})

t.test('uses no embedded database in production, and requires only DATABASE_URL', async (t) => {
  const { code, stderr } = await runHere(['user', 'list'], { env: { NODE_ENV: 'production', DATA_DIR } })
  t.equal(code, 1)
  t.match(stderr, /^DATABASE_URL \(or DATABASE_URL_FILE\) is missing: .*\n$/)
})
