/** Runs after the suite: ends the Postgres that was started for it. */
import { readFileSync, rmSync } from 'node:fs'
import { startEmbedded } from '../../db/embedded.ts'
import { SUITE_FILE, type SuitePostgres } from './postgres.ts'
import { suiteContainer } from './postgres-container.ts'

const { kind, dataDir } = JSON.parse(readFileSync(SUITE_FILE, 'utf8')) as SuitePostgres
if (kind === 'embedded' && dataDir) {
  const postgres = await startEmbedded({ dataDir })
  postgres.stop()
  rmSync(dataDir, { recursive: true })
}
if (kind === 'container') {
  const container = await suiteContainer().start()
  await container.stop()
}
rmSync(SUITE_FILE)
