import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** The file, table and columns that hold the users. */
export interface FlaskTable {
  file: string
  table: string
  /** Columns. An undefined one is searched by the names that tutorials use. */
  username: string | undefined
  password: string | undefined
  phone: string | undefined
}

/** A row of the table. Values that are neither text nor number are undefined. */
export interface FlaskRow {
  username: string | undefined
  password: string | undefined
  phone: string | undefined
}

/** Usual column names in tutorials. */
const USUAL = {
  username: ['username', 'user_name', 'user', 'login', 'name', 'email'],
  password: ['password', 'password_hash', 'passwd', 'pass'],
  phone: ['phone_number', 'phone', 'phonenumber', 'mobile', 'mobile_number', 'to_phone', 'tel'],
} as const

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

const textOf = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value
  // A column without a type may hold numbers.
  return typeof value === 'bigint' || typeof value === 'number' ? String(value) : undefined
}

/** Opens an existing file read-only. */
const openReadOnly = (file: string): DatabaseSync => {
  if (!existsSync(file)) throw new Error(`The file ${file} does not exist.`)
  return new DatabaseSync(file, { readOnly: true })
}

/** Reads all users of a Flask app's SQLite file. Throws if the file, the table or a column is missing. */
export const readFlaskTable = ({ file, table, ...wanted }: FlaskTable): FlaskRow[] => {
  const database = openReadOnly(file)
  try {
    const tables = database
      .prepare("select name from sqlite_master where type in ('table', 'view') order by name")
      .all()
    const names = tables.map(({ name }) => String(name))
    if (!names.includes(table))
      throw new Error(
        `${file} has no table ${table}. Its tables are: ${names.join(', ') || 'none'}. Choose one: --table <name>`,
      )
    const columns = database.prepare('select name from pragma_table_info(?)').all(table)
    const has = columns.map(({ name }) => String(name))
    const columnFor = (what: keyof typeof USUAL): string => {
      const named = wanted[what]
      const found =
        named === undefined ? USUAL[what].find((name) => has.includes(name)) : has.find((name) => name === named)
      if (found === undefined)
        throw new Error(
          `The table ${table} has no column ${named ?? `for the ${what}`}. Its columns are: ${has.join(', ')}. Choose one: --${what} <column>`,
        )
      return found
    }
    const [username, password, phone] = [columnFor('username'), columnFor('password'), columnFor('phone')]
    if (username === password) throw new Error('--username and --password name the same column.')
    const rows = database.prepare(
      `select ${quoted(username)} as username, ${quoted(password)} as password, ${quoted(phone)} as phone from ${quoted(table)}`,
    )
    rows.setReadBigInts(true)
    return rows.all().map((row) => ({
      username: textOf(row['username']),
      password: textOf(row['password']),
      phone: textOf(row['phone']),
    }))
  } catch (error) {
    const { message } = error as Error
    throw /file is not a database|malformed/.test(message)
      ? new Error(`${file} is not a SQLite database: ${message}.`)
      : error
  } finally {
    database.close()
  }
}
