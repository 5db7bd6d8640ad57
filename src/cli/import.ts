import { availableParallelism } from 'node:os'
import { isSupportedCountry } from 'libphonenumber-js/max'
import { SMS } from '../factors/sms/name.ts'
import { hashPassword } from '../passwords/argon2id.ts'
import type { Database } from '../store/database.ts'
import { createUserAdmin } from '../store/users/admin.ts'
import { addUsers } from '../store/users/import.ts'
import { type Command, commandOf, readArgs, UsageError } from './command.ts'
import { type FlaskRow, readFlaskTable } from './flask-table.ts'
import { createRowJudge, type ImportedUser } from './imported-user.ts'
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

/** A row and what becomes of it. */
interface Outcome {
  name: string
  outcome: 'import' | 'already there' | 'faulty'
  note: string
  user?: ImportedUser
}

/** A name as it is shown: quoted where it could do something to a terminal. */
const shown = (name: string) => (/^[^\p{Cc}\p{Cf}\p{Cs}]+$/u.test(name) ? name : JSON.stringify(name))

const judgeAll = async (
  rows: readonly FlaskRow[],
  home: string | undefined,
  database: Database,
): Promise<Outcome[]> => {
  const judge = createRowJudge({ home })
  const users = createUserAdmin(database)
  const outcomes: Outcome[] = []
  for (const [index, row] of rows.entries()) {
    const judged = await judge(row, index + 1)
    if (!judged.ok) outcomes.push({ name: judged.name, outcome: 'faulty', note: judged.reason })
    else if (await users.find(judged.user.username))
      outcomes.push({ name: judged.user.username, outcome: 'already there', note: 'left as it is' })
    else
      outcomes.push({
        name: judged.user.username,
        outcome: 'import',
        note: judged.user.notes.join('; '),
        user: judged.user,
      })
  }
  return outcomes
}

/** Hashes as many at once as there are cores, which is what the server does. */
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
  const open = outcomes.filter(({ user }) => user && user.password === undefined)
  return [
    `${count('import')} ${imported}, ${count('already there')} already there, ${count('faulty')} faulty.\n`,
    open.length > 0
      ? `${open.length} cannot log in until they have a password: npx doorcode user set-password ${shown(open[0]!.name)}\n`
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
    throw new UsageError(`--country is an ISO 3166-1 country in capital letters such as US, not "${home}".`)
  const rows = readFlaskTable({ file, table, username, password, phone })

  await withSchema(world, async (database) => {
    const outcomes = await judgeAll(rows, home, database)
    const users = outcomes.flatMap(({ user }) => user ?? [])
    if (!dryRun && users.length > 0) {
      const hashes = await hashAll(users)
      const added = await addUsers(
        database,
        users.map((user, index) => ({ ...user, factor: SMS, passwordHash: hashes[index]! })),
      )
      for (const outcome of outcomes.filter(({ user }) => user && !added.has(user.username)))
        Object.assign(outcome, { outcome: 'already there', note: 'left as it is', user: undefined })
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
    const faulty = outcomes.filter(({ outcome }) => outcome === 'faulty').length
    if (faulty > 0) throw new Error(`${faulty} of ${rows.length} rows were left out. Mend them and run this again.`)
  })
}

/** `import flask`: the users of another system. */
export const importUsers = commandOf('users of another system', { flask })
