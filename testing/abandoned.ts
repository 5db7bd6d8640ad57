/** Cleans up after instances that were killed: nothing in a process that is killed can do that itself. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { removeEmbedded } from '../db/embedded.ts'

const FOLDER_PREFIX = 'doorcode-testing-'

/** What the names of the databases of instances begin with. */
export const DATABASE_PREFIX = 'doorcode_testing_'

const ownerFile = (folder: string): string => join(folder, 'owner')

/** Makes a folder in the temporary directory that is removed by a later instance, should this process be killed. */
export const makeInstanceFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), FOLDER_PREFIX))
  writeFileSync(ownerFile(folder), `${process.pid} ${hostname()}`)
  return folder
}

/** Returns whether the process that made a folder is gone; one of another machine, or container, never is. */
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

/** Removes the folders of instances that were killed, with the Postgres that runs in them. Never throws. */
export const removeAbandonedFolders = async (): Promise<void> => {
  const names = await readdir(tmpdir()).catch(() => [])
  const folders = names
    .filter((name) => name.startsWith(FOLDER_PREFIX))
    .map((name) => join(tmpdir(), name))
    .filter(isAbandoned)
  // One that belongs to another user stays.
  await Promise.allSettled(folders.map(removeEmbedded))
}

/** Held shared while an instance's database is new and has no connection yet, and alone by what removes databases. */
const LOCK = "hashtext('doorcode testing')"

/** Creates a database that is removed by a later instance once it has no connection left. */
export const createInstanceDatabase = async (server: pg.Client, name: string): Promise<void> => {
  await server.query(`select pg_advisory_lock_shared(${LOCK})`)
  await server.query(`create database ${name}`)
}

/** Drops the databases of instances that were killed, as far as this account may: those without a connection. */
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
