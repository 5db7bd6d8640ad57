/** Runs before the suite: finds a Postgres (TEST_DATABASE_URL, a container, an embedded one) and makes the template. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { migrateAt } from '../../src/own-database.ts'
import { findPostgres, type PostgresWish } from '../../testing/find-postgres.ts'
import { query, SUITE_FILE, type SuitePostgres, TEMPLATE, withDatabase } from './postgres.ts'

const given = process.env['TEST_DATABASE_URL'] as PostgresWish
const dataDir = mkdtempSync(join(tmpdir(), 'doorcode-test-'))
// It outlives this process, which ends before the suite begins.
const { kind, url } = await findPostgres(given || undefined, { dataDir, reuse: true })
const suite: SuitePostgres = { kind, url, dataDir }

await query(suite.url, `drop database if exists ${TEMPLATE}`)
await query(suite.url, `create database ${TEMPLATE}`)
await migrateAt(withDatabase(suite.url, TEMPLATE))
mkdirSync(dirname(SUITE_FILE), { recursive: true })
writeFileSync(SUITE_FILE, JSON.stringify(suite))
