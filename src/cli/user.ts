import type { UserAdmin } from '../core/account/admin-ports.ts'
import { SMS } from '../factors/sms/name.ts'
import { type Command, commandOf, readArgs, refuseNames, UsageError } from './command.ts'
import { withUsers } from './open-database.ts'
import { readPassword } from './read-password.ts'
import { userTable } from './user-table.ts'

/** Loads the checks of numbers and passwords, only for the commands that need them. */
const loadChecks = async () => ({
  ...(await import('./new-user.ts')),
  ...(await import('../factors/sms/phone-number.ts')),
  ...(await import('../passwords/argon2id.ts')),
})

const ADD_OPTIONS = {
  phone: { type: 'string' },
  locale: { type: 'string' },
  'password-stdin': { type: 'boolean', default: false },
} as const

/** Returns the one name that a command takes. The error does not show other arguments, because they may be a password. */
const oneName = (command: string, names: string[]): string => {
  const [name, ...others] = names
  if (name === undefined) throw new UsageError(`"${command}" needs the name of a user.`)
  if (others.length > 0) throw new UsageError(`"${command}" takes one name; put quotes around a name with spaces.`)
  return name
}

const add: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, ADD_OPTIONS)
  const name = oneName('user add', positionals)
  const { checkUsername, checkPhone, checkLocale, checkPassword, hashPassword, destinationOf } = await loadChecks()
  const username = checkUsername(name)
  if (values.phone === undefined) throw new UsageError('"user add" needs --phone. For example: --phone +12025550143')
  const phone = checkPhone(values.phone)
  const locale = values.locale === undefined ? undefined : checkLocale(values.locale)
  // Reads the password before it opens the database, so that no connection waits for the operator.
  const password = await readPassword(world, values['password-stdin'])
  await checkPassword(password, username)
  const passwordHash = await hashPassword(password)

  await withUsers(world, async (users) => {
    const userId = await users.add({ username, passwordHash, factor: SMS, phone, locale })
    if (userId === undefined) throw new Error(`The user name "${username}" is taken. Nothing was changed.`)
    world.stdout.write(`Added ${username} with the phone ${phone}.\n`)
    if (!destinationOf(phone, { voip: true }).takesCodes) {
      world.stderr.write('This number receives no codes, because numbers of its type are refused.\n')
    }
  })
}

const list: Command = async (args, world) => {
  refuseNames('user list', readArgs(args, {}).positionals)
  await withUsers(world, async (users) => {
    const all = await users.list()
    world.stdout.write(all.length > 0 ? userTable(all, new Date()) : 'No users exist.\n')
  })
}

/** Creates a command that changes one user. `done` ends the sentence that it prints. */
const change =
  (command: string, done: string, apply: (users: UserAdmin, name: string) => Promise<boolean>): Command =>
  async (args, world) => {
    const name = oneName(command, readArgs(args, {}).positionals)
    await withUsers(world, async (users) => {
      if (!(await apply(users, name))) throw new Error(`The user "${name}" does not exist.`)
      world.stdout.write(`${name} ${done}.\n`)
    })
  }

const setPassword: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, { 'password-stdin': ADD_OPTIONS['password-stdin'] })
  const name = oneName('user set-password', positionals)
  const { checkPassword, hashPassword } = await loadChecks()
  const password = await readPassword(world, values['password-stdin'])
  await checkPassword(password, name)
  const passwordHash = await hashPassword(password)
  await withUsers(world, async (users) => {
    if (!(await users.setPassword(name, passwordHash))) throw new Error(`The user "${name}" does not exist.`)
    world.stdout.write(`${name} has a new password; all sessions and devices have ended.\n`)
  })
}

const setPhone: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, { phone: ADD_OPTIONS.phone })
  const name = oneName('user set-phone', positionals)
  if (values.phone === undefined)
    throw new UsageError('"user set-phone" needs --phone. For example: --phone +12025550143')
  const phone = (await loadChecks()).checkPhone(values.phone)
  await withUsers(world, async (users) => {
    if (!(await users.setPhone(name, { factor: SMS, phone }))) throw new Error(`The user "${name}" does not exist.`)
    world.stdout.write(`${name} has the phone ${phone}; all sessions and devices have ended.\n`)
  })
}

/** The command `user add|list|set-password|set-phone|sign-out|disable|enable|reset-factor`, which manages users. */
export const user = commandOf('users', {
  add,
  list,
  'set-password': setPassword,
  'set-phone': setPhone,
  'sign-out': change('user sign-out', 'is signed out everywhere', (users, name) => users.endSessions(name)),
  disable: change('user disable', 'is disabled', (users, name) => users.setDisabled(name, true)),
  enable: change('user enable', 'is enabled', (users, name) => users.setDisabled(name, false)),
  'reset-factor': change('user reset-factor', 'has a fresh second factor', (users, name) => users.resetFactor(name)),
})
