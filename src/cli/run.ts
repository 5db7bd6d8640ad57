import type { SettingsError } from '../settings/reader.ts'
import { adviceFor, explainFault } from '../store/explain-fault.ts'
import { type Command, UsageError, type World } from './command.ts'
import { USAGE } from './usage.ts'

/** Loaded when called for: help and a slip of the pen need not wait for the database's driver. */
const COMMANDS = new Map<string, () => Promise<Command>>([
  ['user', async () => (await import('./user.ts')).user],
  ['sms', async () => (await import('./sms.ts')).sms],
  ['guard', async () => (await import('./guard.ts')).guard],
  ['admin-key', async () => (await import('./admin-key.ts')).adminKey],
  ['audit', async () => (await import('./audit.ts')).audit],
  ['invite', async () => (await import('./invite.ts')).invite],
  ['migrate', async () => (await import('./migrate.ts')).migrate],
  ['doctor', async () => (await import('./doctor.ts')).doctor],
  ['import', async () => (await import('./import.ts')).importUsers],
  ['keys', async () => (await import('./keys.ts')).keys],
  ['secret', async () => (await import('./secret.ts')).secret],
])

/** Whether help is asked for; behind `--` everything is a name. */
const asksForHelp = (args: string[]): boolean => {
  const options = args.includes('--') ? args.slice(0, args.indexOf('--')) : args
  return args.length === 0 || args[0] === 'help' || options.includes('--help') || options.includes('-h')
}

/** Mistakes in this program, for which a person needs the stack and not a line. */
const BUGS = [TypeError, RangeError, ReferenceError, SyntaxError]

/** What `pg` says, without a code, of a connection that never was one or broke. */
const DISCONNECTED = /^Connection terminated|^timeout exceeded when trying to connect/

/** One line for what a person can mend; a stack only for what is our own fault. */
const explain = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  // What callers of the API must not see is what a person at the tool can mend.
  if (error.name === 'Problem' && error.cause !== undefined) return explain(error.cause)
  if (error.name === 'SettingsError') return (error as SettingsError).faults.join('\n')
  // A host with several addresses fails once for each of them, and the whole has no message of its own.
  if (error instanceof AggregateError) return explain(error.errors[0])

  const { code, syscall, path, message } = error as NodeJS.ErrnoException
  if (syscall === 'connect' || syscall === 'getaddrinfo' || DISCONNECTED.test(message)) {
    return `The database cannot be reached: ${message}`
  }
  if (path === undefined && syscall === undefined && explainFault(error).todo !== undefined) return adviceFor(error)
  if (path && (code === 'ENOTDIR' || code === 'EEXIST')) return `${path} cannot be made: a file is in the way.`
  if (!code && BUGS.some((Bug) => error instanceof Bug)) return error.stack ?? message
  return message.replaceAll(/\s*\n\s*/g, ' ')
}

/**
 * Runs one command line and returns the exit code: 0 when it is done, 2 when it cannot be understood, 1 when it
 * failed. What went wrong is one line on `stderr`, and never shows a password.
 */
export const run = async (args: string[], world: World): Promise<number> => {
  try {
    if (asksForHelp(args)) {
      world.stdout.write(USAGE)
      return 0
    }
    const [name = '', ...rest] = args
    const load = COMMANDS.get(name)
    if (!load) throw new UsageError(`There is no command "${name}".`)
    const command = await load()
    await command(rest, world)
    return 0
  } catch (error) {
    const hint = error instanceof UsageError ? '\nRun "npx doorcode help" for what there is.' : ''
    world.stderr.write(`${explain(error)}${hint}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}
