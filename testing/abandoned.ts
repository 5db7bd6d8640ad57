/** Cleans up after killed instances, because a killed process cannot clean up itself. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { removeEmbedded } from '../db/embedded.ts'

const FOLDER_PREFIX = 'doorcode-testing-'

/** Prefix of the database names of instances. */
export const DATABASE_PREFIX = 'doorcode_testing_'

const ownerFile = (folder: string): string => join(folder, 'owner')

/** Creates a folder in the temporary folder. If this process is killed, a later instance removes it. */
export const makeInstanceFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), FOLDER_PREFIX))
  writeFileSync(ownerFile(folder), `${process.pid} ${hostname()}`)
  return folder
}

/** Returns true if the process that created a folder has ended. Folders of other machines or containers are kept. */
const isAbandoned = (folder: string): boolean => {
  try {
    const [pid, host] = readFileSync(ownerFile(folder), 'utf8').split(' ')
    if (host !== hostname()) return false
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** Removes the folders of killed instances, with the Postgres that runs in them. Never throws. */
export const removeAbandonedFolders = async (): Promise<void> => {
  const names = await readdir(tmpdir()).catch(() => [])
  const folders = names
    .filter((name) => name.startsWith(FOLDER_PREFIX))
    .map((name) => join(tmpdir(), name))
    .filter(isAbandoned)
  // Folders of other users cannot be removed and stay.
  await Promise.allSettled(folders.map(removeEmbedded))
}

/** The advisory lock. It is shared while a new database has no connection yet, and exclusive while databases are removed. */
const LOCK = "hashtext('doorcode testing')"

/** Creates a database. A later instance removes it once it has no connections. */
export const createInstanceDatabase = async (server: pg.Client, name: string): Promise<void> => {
  await server.query(`select pg_advisory_lock_shared(${LOCK})`)
  await server.query(`create database ${name}`)
}

/** Drops the databases of killed instances: those without a connection that this role may drop. */
export const dropAbandonedDatabases = async (server: pg.Client): Promise<void> => {
  const { rows } = await server.query(`select pg_try_advisory_lock(${LOCK}) as locked`)
  if (!rows[0].locked) return
  const abandoned = await server.query(
    `select datname as name from pg_database d where starts_with(datname, $1)
       and not exists (select from pg_stat_activity a where a.datname = d.datname)`,
    [DATABASE_PREFIX],
  )
  for (const { name } of abandoned.rows) await server.query(`drop database if exists "${name}"`).catch(() => {})
  await server.query(`select pg_advisory_unlock(${LOCK})`)
}
