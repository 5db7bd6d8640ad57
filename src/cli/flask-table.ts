import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** Where the users are, as far as it was said. */
export interface FlaskTable {
  file: string
  table: string
  /** Columns; what is not named is looked for under the names that tutorials give it. */
  username: string | undefined
  password: string | undefined
  phone: string | undefined
}

/** One row as it stands there; what is no text or number is undefined. */
export interface FlaskRow {
  username: string | undefined
  password: string | undefined
  phone: string | undefined
}

/** What the columns are called in the tutorial and its many likenesses. */
const USUAL = {
  username: ['username', 'user_name', 'user', 'login', 'name', 'email'],
  password: ['password', 'password_hash', 'passwd', 'pass'],
  phone: ['phone_number', 'phone', 'phonenumber', 'mobile', 'mobile_number', 'to_phone', 'tel'],
} as const

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

const textOf = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value
  // A column without a type keeps a number as one.
  return typeof value === 'bigint' || typeof value === 'number' ? String(value) : undefined
}

/** Opens a file that is there, for reading alone: nothing in it can be changed by us. */
const openReadOnly = (file: string): DatabaseSync => {
  if (!existsSync(file)) throw new Error(`There is no file ${file}.`)
  return new DatabaseSync(file, { readOnly: true })
}

/** Reads all users of a Flask app's SQLite file. Throws a line that says what is not there. */
export const readFlaskTable = ({ file, table, ...wanted }: FlaskTable): FlaskRow[] => {
  const database = openReadOnly(file)
  try {
    const tables = database
      .prepare("select name from sqlite_master where type in ('table', 'view') order by name")
      .all()
    const names = tables.map(({ name }) => String(name))
    if (!names.includes(table))
      throw new Error(
        `${file} has no table ${table}. Its tables are: ${names.join(', ') || 'none'}. Name it: --table <name>`,
      )
    const columns = database.prepare('select name from pragma_table_info(?)').all(table)
    const has = columns.map(({ name }) => String(name))
    const columnFor = (what: keyof typeof USUAL): string => {
      const named = wanted[what]
      const found =
        named === undefined ? USUAL[what].find((name) => has.includes(name)) : has.find((name) => name === named)
      if (found === undefined)
        throw new Error(
          `The table ${table} has no column ${named ?? `for the ${what}`}. Its columns are: ${has.join(', ')}. Name it: --${what} <column>`,
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
      ? new Error(`${file} is no SQLite database: ${message}.`)
      : error
  } finally {
    database.close()
  }
}
