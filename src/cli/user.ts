import type { UserAdmin } from '../core/account/admin-ports.ts'
import { SMS } from '../factors/sms/name.ts'
import { type Command, commandOf, readArgs, refuseNames, UsageError } from './command.ts'
import { withUsers } from './open-database.ts'
import { readPassword } from './read-password.ts'
import { userTable } from './user-table.ts'

/** Loaded where a number or a password is judged: other commands need not wait for it. */
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

/** The one name that a command takes. What else was given is not shown: it may be a password. */
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
  // Before the database is opened: nothing waits, open, for somebody who thinks of a password.
  const password = await readPassword(world, values['password-stdin'])
  await checkPassword(password, username)
  const passwordHash = await hashPassword(password)

  await withUsers(world, async (users) => {
    const userId = await users.add({ username, passwordHash, factor: SMS, phone, locale })
    if (userId === undefined) throw new Error(`The name "${username}" is taken. Nothing was changed.`)
    world.stdout.write(`Added ${username} with the phone ${phone}.\n`)
    if (!destinationOf(phone, { voip: true }).takesCodes) {
      world.stderr.write('No code will be sent to this number: it is of a kind that no person reads messages on.\n')
    }
  })
}

const list: Command = async (args, world) => {
  refuseNames('user list', readArgs(args, {}).positionals)
  await withUsers(world, async (users) => {
    const all = await users.list()
    world.stdout.write(all.length > 0 ? userTable(all, new Date()) : 'There are no users.\n')
  })
}

/** A command that changes the one user it names; `done` is what it then says of them. */
const change =
  (command: string, done: string, apply: (users: UserAdmin, name: string) => Promise<boolean>): Command =>
  async (args, world) => {
    const name = oneName(command, readArgs(args, {}).positionals)
    await withUsers(world, async (users) => {
      if (!(await apply(users, name))) throw new Error(`There is no user "${name}".`)
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
    if (!(await users.setPassword(name, passwordHash))) throw new Error(`There is no user "${name}".`)
    world.stdout.write(`${name} has a new password; every session and device of theirs has ended.\n`)
  })
}

const setPhone: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, { phone: ADD_OPTIONS.phone })
  const name = oneName('user set-phone', positionals)
  if (values.phone === undefined)
    throw new UsageError('"user set-phone" needs --phone. For example: --phone +12025550143')
  const phone = (await loadChecks()).checkPhone(values.phone)
  await withUsers(world, async (users) => {
    if (!(await users.setPhone(name, { factor: SMS, phone }))) throw new Error(`There is no user "${name}".`)
    world.stdout.write(`${name} has the phone ${phone}; every session and device of theirs has ended.\n`)
  })
}

/** `user add|list|set-password|set-phone|sign-out|disable|enable|reset-factor`: what an operator does to users. */
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
