import { userInfo } from 'node:os'
import type { ClientBase, ClientConfig } from 'pg'
import { parse } from 'pg-connection-string'

const EXAMPLE = 'For example: postgres://doorcode@localhost/doorcode'

/**
 * Parses a database URL and reads the certificates that it names. Throws an error with the setting to change, without a
 * password.
 */
const readUrl = (url: string) => {
  try {
    return parse(url)
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException
    if (path === undefined) throw new Error(`DATABASE_URL is not a URL. ${EXAMPLE}`)
    const reason = code === 'ENOENT' ? 'the file does not exist' : message
    throw new Error(
      `DATABASE_URL names a certificate or key that cannot be read: ${reason}: ${path}. ${EXAMPLE}?sslmode=verify-full&sslrootcert=/run/secrets/database-ca.pem`,
    )
  }
}

/**
 * Returns the configuration to connect to the database at `url`. It sets every value, because `pg` takes missing ones from
 * the environment (`PGSSLMODE`, `PGOPTIONS`, `PGPASSFILE`, ...). The URL may have the parameters `host`, `sslmode`,
 * `sslrootcert`, `sslcert`, `sslkey`, `sslnegotiation` and `options`. Throws when the URL is not valid or a certificate
 * file is not readable.
 */
export const connectionTo = (url: string): ClientConfig => {
  const { user, password, host, port, database, ssl, sslnegotiation, options } = readUrl(url)
  const name = user || userInfo().username
  return {
    user: name,
    // A blank, which the server rejects: without a value `pg` would read PGPASSWORD and password files.
    password: password || ' ',
    host: host || 'localhost',
    port: Number(port) || 5432,
    database: database || name,
    ssl: (ssl ?? false) as NonNullable<ClientConfig['ssl']>,
    sslnegotiation: sslnegotiation || 'postgres',
    client_encoding: 'UTF8',
    // A blank replaces PGOPTIONS. Without PGOPTIONS the parameter is not sent, because some proxies reject it.
    options: options || (process.env['PGOPTIONS'] === undefined ? undefined : ' '),
  }
}

/**
 * The session settings, which override those of the role, the database and the server. `synchronous_commit` is absent: an
 * operator may set a stricter value than `on`, and the doctor reports a weaker one.
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
  // Statements are planned once, for all parameter values.
  plan_cache_mode: 'force_generic_plan',
  idle_session_timeout: '0',
  transaction_timeout: '0',
}

/**
 * Applies the session settings. Call it once, before the first statement of a connection. Values from `options` in the URL
 * (`source` is `client`) stay, because the operator set them. A server that is read-only as a whole stays read-only,
 * because database hosts do that when the disk is nearly full.
 */
export const pinSession = async (client: ClientBase): Promise<void> => {
  await client.query(
    `select pg_catalog.set_config(s.name, p.value, false)
     from pg_catalog.jsonb_each_text($1::pg_catalog.jsonb) p join pg_catalog.pg_settings s on s.name = p.key
     where s.source <> 'client' and (s.name <> 'default_transaction_read_only' or s.source in ('user', 'database', 'database user'))`,
    [JSON.stringify(SESSION)],
  )
}
