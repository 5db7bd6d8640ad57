/** Starts the embedded Postgres, which refuses to run as root, for a root user whose home is closed to other users. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { removeEmbedded, startEmbedded } from '../../db/embedded.ts'
import { clusterOf } from '../../db/embedded-places.ts'
import { copyCachedCluster } from '../../testing/cluster-cache.ts'
import { noteMissing } from '../run/missing.ts'
import { query } from '../support/postgres.ts'

/** Declares a test that runs only as root. */
const testAsRoot = (name: string, run: (t: Test) => Promise<void>) =>
  t.test(name, async (t) => {
    if (process.getuid?.() === 0) await run(t)
    else noteMissing(t, 'root', 'Run the tests as root, in a container for example.', { inCi: true })
  })

/** Creates a folder that only its owner may enter. */
const closedFolder = (t: Test): string => {
  const folder = mkdtempSync(join(tmpdir(), 'doorcode-root-'))
  chmodSync(folder, 0o700)
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

testAsRoot('runs tests as root with the temporary directory below a folder of mode 0700', async (t) => {
  const dataDir = join(closedFolder(t), 'data')
  t.teardown(() => removeEmbedded(dataDir))
  await copyCachedCluster({ dataDir })
  const { url } = await startEmbedded({ dataDir })
  t.equal((await query(url, 'select from users')).length, 0)
  const cluster = clusterOf(dataDir)
  await removeEmbedded(dataDir)
  t.notOk(existsSync(cluster), 'the cluster outside is removed')
})

testAsRoot('leaves a cluster in a folder that was closed later, and says what to do', async (t) => {
  const dataDir = join(closedFolder(t), 'data')
  mkdirSync(join(dataDir, 'postgres'), { recursive: true })
  writeFileSync(join(dataDir, 'postgres', 'PG_VERSION'), '18')
  await t.rejects(startEmbedded({ dataDir }), { message: /cannot enter .*data, where its cluster is\. .*chmod o\+x/ })
  t.ok(existsSync(join(dataDir, 'postgres', 'PG_VERSION')))
})
