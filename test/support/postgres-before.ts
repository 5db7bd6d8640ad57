/** Runs before the suite: finds a Postgres (TEST_DATABASE_URL, a container, an embedded one) and makes the template. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { getContainerRuntimeClient } from 'testcontainers'
import { startEmbedded } from '../../db/embedded.ts'
import { migrate } from '../../db/migrate.ts'
import { createDatabase } from '../../src/store/database.ts'
import { query, SUITE_FILE, type SuitePostgres, TEMPLATE, withDatabase } from './postgres.ts'
import { FAST, suiteContainer } from './postgres-container.ts'

const dockerAnswers = async (): Promise<boolean> => {
  try {
    await getContainerRuntimeClient()
    return true
  } catch {
    return false
  }
}

const findPostgres = async (): Promise<SuitePostgres> => {
  const given = process.env['TEST_DATABASE_URL']
  if (given) return { kind: 'given', url: given }
  if (await dockerAnswers()) {
    try {
      const container = await suiteContainer().start()
      return { kind: 'container', url: container.getConnectionUri() }
    } catch (error) {
      console.error(`No container (${(error as Error).message.split('\n')[0]}); an embedded Postgres instead.`)
    }
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'doorcode-test-'))
  const { url } = await startEmbedded({ dataDir, settings: FAST })
  return { kind: 'embedded', url, dataDir }
}

const suite = await findPostgres()
await query(suite.url, `drop database if exists ${TEMPLATE}`)
await query(suite.url, `create database ${TEMPLATE}`)
const database = createDatabase({ url: withDatabase(suite.url, TEMPLATE), poolSize: 1, onIdleError: () => {} })
await migrate(database.kysely as never)
await database.close()
mkdirSync(dirname(SUITE_FILE), { recursive: true })
writeFileSync(SUITE_FILE, JSON.stringify(suite))
