/** Runs after the suite: ends the Postgres that was started for it. */
import { readFileSync, rmSync } from 'node:fs'
import { PostgreSqlContainer } from '@testcontainers/postgresql'
import { startEmbedded } from '../../db/embedded.ts'
import { SUITE_FILE, type SuitePostgres } from './postgres.ts'

const { kind, dataDir } = JSON.parse(readFileSync(SUITE_FILE, 'utf8')) as SuitePostgres
if (kind === 'embedded' && dataDir) {
  const postgres = await startEmbedded({ dataDir })
  postgres.stop()
  rmSync(dataDir, { recursive: true })
}
if (kind === 'container') {
  const container = await new PostgreSqlContainer('postgres:18').withReuse().start()
  await container.stop()
}
rmSync(SUITE_FILE)
