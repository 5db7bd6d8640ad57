import { removeEmbedded } from '../../db/embedded.ts'
import { migrateAt } from '../../src/start/embedded-database.ts'
import { makeInstanceFolder, removeAbandonedFolders } from '../../testing/abandoned.ts'
import { makeDatabaseClock } from '../../testing/database-clock.ts'
import { findPostgres, type PostgresChoice } from '../../testing/find-postgres.ts'
import { PREFIX, query, TEMPLATE, withDatabase } from '../support/postgres.ts'

/** The Postgres server of one run of the suite. */
export interface SuitePostgres {
  /** The URL of an account that may create databases. */
  url: string
  /** Stops the server, or drops the run's databases from a given one. */
  stop(): Promise<void>
}

const dropDatabases = async (url: string): Promise<void> => {
  const left = await query(url, 'select datname as name from pg_database where starts_with(datname, $1)', [PREFIX])
  for (const { name } of left) await query(url, `drop database "${name}" with (force)`)
}

/** Starts or finds a Postgres (`TEST_DATABASE_URL`, a container or an embedded one) and makes the template database. */
export const openSuitePostgres = async (): Promise<SuitePostgres> => {
  // Removes the folders of killed runs.
  await removeAbandonedFolders()
  const dataDir = makeInstanceFolder()
  const given = (process.env['TEST_DATABASE_URL'] || undefined) as PostgresChoice
  const { kind, url, stop } = await findPostgres(given, { dataDir })
  const template = withDatabase(url, TEMPLATE)
  if (kind === 'given') await dropDatabases(url)
  // The database of an embedded cluster already has the schema.
  await query(url, `create database ${TEMPLATE}${kind === 'embedded' ? ' template doorcode' : ''}`)
  await migrateAt(template)
  await makeDatabaseClock((text) => query(template, text))
  return {
    url,
    async stop() {
      if (kind === 'given') await dropDatabases(url)
      await stop()
      await removeEmbedded(dataDir)
    },
  }
}
