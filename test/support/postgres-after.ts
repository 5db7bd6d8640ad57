/** Runs after the suite: ends the Postgres that was started for it, or leaves a given one as it was. */
import { readFileSync, rmSync } from 'node:fs'
import { startEmbedded } from '../../db/embedded.ts'
import { startContainer } from '../../testing/find-postgres.ts'
import { PREFIX, query, SUITE_FILE, type SuitePostgres } from './postgres.ts'

const { kind, dataDir, url } = JSON.parse(readFileSync(SUITE_FILE, 'utf8')) as SuitePostgres
if (kind === 'embedded') {
  const postgres = await startEmbedded({ dataDir })
  postgres.stop()
}
if (kind === 'container') {
  const container = await startContainer({ reuse: true })
  await container.stop()
}
if (kind === 'given') {
  const left = await query(url, 'select datname as name from pg_database where starts_with(datname, $1)', [PREFIX])
  for (const { name } of left) await query(url, `drop database "${name}" with (force)`)
}
rmSync(dataDir, { recursive: true })
rmSync(SUITE_FILE)
