import { availableParallelism } from 'node:os'
import { isSupportedCountry } from 'libphonenumber-js/max'
import { SMS } from '../factors/sms/name.ts'
import { hashPassword } from '../passwords/argon2id.ts'
import type { Database } from '../store/database.ts'
import { createUserAdmin } from '../store/users/admin.ts'
import { addUsers } from '../store/users/import.ts'
import { type Command, commandOf, readArgs, UsageError } from './command.ts'
import { type FlaskRow, readFlaskTable } from './flask-table.ts'
import { createRowParser, type ImportedUser } from './imported-user.ts'
import { withSchema } from './open-database.ts'
import { columns } from './table.ts'

const OPTIONS = {
  table: { type: 'string', default: 'users' },
  username: { type: 'string' },
  password: { type: 'string' },
  phone: { type: 'string' },
  country: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
} as const

/** The outcome of a row. */
interface Outcome {
  name: string
  outcome: 'import' | 'exists already' | 'invalid'
  note: string
  user?: ImportedUser
}

/** Quotes a name with control characters, which could affect the terminal. */
const shown = (name: string) => (/^[^\p{Cc}\p{Cf}\p{Cs}]+$/u.test(name) ? name : JSON.stringify(name))

const parseAll = async (
  rows: readonly FlaskRow[],
  home: string | undefined,
  database: Database,
): Promise<Outcome[]> => {
  const parse = createRowParser({ home })
  const users = createUserAdmin(database)
  const outcomes: Outcome[] = []
  for (const [index, row] of rows.entries()) {
    const parsed = await parse(row, index + 1)
    if (!parsed.ok) outcomes.push({ name: parsed.name, outcome: 'invalid', note: parsed.reason })
    else if (await users.find(parsed.user.username))
      outcomes.push({ name: parsed.user.username, outcome: 'exists already', note: 'not changed' })
    else
      outcomes.push({
        name: parsed.user.username,
        outcome: 'import',
        note: parsed.user.notes.join('; '),
        user: parsed.user,
      })
  }
  return outcomes
}

/** Hashes passwords in parallel, as many as there are cores, as the server does. */
const hashAll = async (users: readonly ImportedUser[]): Promise<(string | null)[]> => {
  const hashes: (string | null)[] = []
  const atOnce = availableParallelism()
  for (let start = 0; start < users.length; start += atOnce) {
    const some = users.slice(start, start + atOnce)
    hashes.push(
      ...(await Promise.all(some.map(({ password }) => (password === undefined ? null : hashPassword(password))))),
    )
  }
  return hashes
}

const sumOf = (outcomes: readonly Outcome[], imported: string): string => {
  const count = (wanted: Outcome['outcome']) => outcomes.filter(({ outcome }) => outcome === wanted).length
  const withoutPassword = outcomes.filter(({ user }) => user && user.password === undefined)
  return [
    `${count('import')} ${imported}, ${count('exists already')} exist already, ${count('invalid')} invalid.\n`,
    withoutPassword.length > 0
      ? `${withoutPassword.length} cannot log in until you set a password: npx doorcode user set-password ${shown(withoutPassword[0]!.name)}\n`
      : '',
  ].join('')
}

const flask: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, OPTIONS)
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0)
    throw new UsageError('"import flask" needs one SQLite file. For example: npx doorcode import flask users.db')
  const { table, username, password, phone, country: home, 'dry-run': dryRun } = values
  if (home !== undefined && !isSupportedCountry(home))
    throw new UsageError(`--country must be an ISO 3166-1 country code such as US, not "${home}".`)
  const rows = readFlaskTable({ file, table, username, password, phone })

  await withSchema(world, async (database) => {
    const outcomes = await parseAll(rows, home, database)
    const users = outcomes.flatMap(({ user }) => user ?? [])
    if (!dryRun && users.length > 0) {
      const hashes = await hashAll(users)
      const added = await addUsers(
        database,
        users.map((user, index) => ({ ...user, factor: SMS, passwordHash: hashes[index]! })),
      )
      for (const outcome of outcomes.filter(({ user }) => user && !added.has(user.username)))
        Object.assign(outcome, { outcome: 'exists already', note: 'not changed', user: undefined })
    }
    const done = dryRun ? 'would be imported' : 'imported'
    const body = outcomes.map(({ name, outcome, note }, index) => [
      String(index + 1),
      shown(name),
      outcome === 'import' ? done : outcome,
      note || '-',
    ])
    if (body.length > 0) world.stdout.write(columns(['ROW', 'USER', 'OUTCOME', 'NOTE'], body))
    world.stdout.write(sumOf(outcomes, done))
    const invalid = outcomes.filter(({ outcome }) => outcome === 'invalid').length
    if (invalid > 0)
      throw new Error(`${invalid} of ${rows.length} rows were not imported. Fix them and run this again.`)
  })
}

/** The command `import flask`, which imports the users of another system. */
export const importUsers = commandOf('users of another system', { flask })
