import type { Test } from 'tap'
import { type Doorcode, type DoorcodeOptions, startDoorcode } from '../../testing/index.ts'
import { query, suitePostgres } from './postgres.ts'
import { call } from './server-process.ts'

/** The URL of a Postgres for the kit's instances. */
export const database = (await suitePostgres()) as `postgres://${string}`

/** Starts an instance that ends with the test. */
export const start = async (t: Test, settings: DoorcodeOptions['settings'] = {}): Promise<Doorcode> => {
  const api = await startDoorcode({ database, settings })
  t.teardown(() => api.stop())
  return api
}

/** Lists the databases of this process's instances. */
/** A Postgres for the kit's instances. */
export const databases = () =>
  query(database, `select from pg_database where datname like 'doorcode_testing_${process.pid}_%'`)

/** Reads the claims of a token without verifying it. */
export const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
/** Returns the headers of a call with this token. */
export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
/** Converts ms to whole seconds. */
export const seconds = (ms: number) => Math.floor(ms / 1000)

/** Requests a code: the first step of a login. */
export const open = (api: Doorcode, { username, password }: { username: string; password: string }) =>
  call(`${api.url}/login`, { username, password })
