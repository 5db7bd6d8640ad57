import { userInfo } from 'node:os'
import type { ClientBase, ClientConfig } from 'pg'
import { parse } from 'pg-connection-string'

const EXAMPLE = 'For example: postgres://doorcode@localhost/doorcode'

/** Reads an address and the certificates that it names. Throws an error that says what to change, without a password. */
const readUrl = (url: string) => {
  try {
    return parse(url)
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException
    if (path === undefined) throw new Error(`DATABASE_URL is not a URL. ${EXAMPLE}`)
    const reason = code === 'ENOENT' ? 'there is no such file' : message
    throw new Error(
      `DATABASE_URL names a certificate or key that cannot be read: ${reason}: ${path}. ${EXAMPLE}?sslmode=verify-full&sslrootcert=/run/secrets/database-ca.pem`,
    )
  }
}

/**
 * Returns how to connect to the database at `url`, and nothing else: each value is set here, because `pg` takes every value
 * that is missing from the environment (`PGSSLMODE`, `PGOPTIONS`, `PGPASSFILE`, ...). The URL may have the parameters
 * `host`, `sslmode`, `sslrootcert`, `sslcert`, `sslkey`, `sslnegotiation` and `options`. Throws when it cannot be read.
 */
export const connectionTo = (url: string): ClientConfig => {
  const { user, password, host, port, database, ssl, sslnegotiation, options } = readUrl(url)
  const name = user || userInfo().username
  return {
    user: name,
    // Not nothing, which `pg` would look for in PGPASSWORD and in password files. The server refuses a blank.
    password: password || ' ',
    host: host || 'localhost',
    port: Number(port) || 5432,
    database: database || name,
    ssl: (ssl ?? false) as NonNullable<ClientConfig['ssl']>,
    sslnegotiation: sslnegotiation || 'postgres',
    client_encoding: 'UTF8',
    // A blank replaces PGOPTIONS. Without PGOPTIONS nothing is sent, since some proxies refuse the parameter.
    options: options || (process.env['PGOPTIONS'] === undefined ? undefined : ' '),
  }
}

/**
 * What a session is, whatever the role, the database or the server's configuration says. `synchronous_commit` is not among
 * them: an operator may want more than `on`, and the doctor reports less.
 */
const SESSION = {
  search_path: '"$user", public',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  standard_conforming_strings: 'on',
  bytea_output: 'hex',
  extra_float_digits: '1',
  array_nulls: 'on',
  transform_null_equals: 'off',
  row_security: 'on',
  check_function_bodies: 'on',
  // Statements are planned once, whatever their values.
  plan_cache_mode: 'force_generic_plan',
  idle_session_timeout: '0',
  transaction_timeout: '0',
}

/**
 * Sets everything that a session needs; for once, before the first statement of a connection. What `options` in the URL
 * says (`source` is `client`) stays: it is a setting of ours. A server that is read-only as a whole stays read-only, since
 * hosts of databases do that when the disk is nearly full.
 */
export const pinSession = async (client: ClientBase): Promise<void> => {
  await client.query(
    `select pg_catalog.set_config(s.name, p.value, false)
     from pg_catalog.jsonb_each_text($1::pg_catalog.jsonb) p join pg_catalog.pg_settings s on s.name = p.key
     where s.source <> 'client' and (s.name <> 'default_transaction_read_only' or s.source in ('user', 'database', 'database user'))`,
    [JSON.stringify(SESSION)],
  )
}
