import type { SettingsError } from '../settings/reader.ts'
import { adviceFor, explainFault } from '../store/explain-fault.ts'
import { type Command, UsageError, type World } from './command.ts'
import { USAGE } from './usage.ts'

/** The commands, loaded on use, so that help and typing errors do not wait for the database driver. */
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

/** Returns true if the arguments ask for help. Everything after `--` is a name. */
const asksForHelp = (args: string[]): boolean => {
  const options = args.includes('--') ? args.slice(0, args.indexOf('--')) : args
  return args.length === 0 || args[0] === 'help' || options.includes('--help') || options.includes('-h')
}

/** Errors that indicate a bug in this program, and are shown with their stack. */
const BUGS = [TypeError, RangeError, ReferenceError, SyntaxError]

/** Messages of `pg` without a code for a connection that failed or broke. */
const DISCONNECTED = /^Connection terminated|^timeout exceeded when trying to connect/

/** Returns one line for an error that the operator can fix, and the stack for a bug. */
const explain = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  // The cause is hidden from API callers, but the operator needs it.
  if (error.name === 'Problem' && error.cause !== undefined) return explain(error.cause)
  if (error.name === 'SettingsError') return (error as SettingsError).faults.join('\n')
  // A host with several addresses causes one error for each; the AggregateError itself has no message.
  if (error instanceof AggregateError) return explain(error.errors[0])

  const { code, syscall, path, message } = error as NodeJS.ErrnoException
  if (syscall === 'connect' || syscall === 'getaddrinfo' || DISCONNECTED.test(message)) {
    return `The database cannot be reached: ${message}`
  }
  if (path === undefined && syscall === undefined && explainFault(error).todo !== undefined) return adviceFor(error)
  if (path && (code === 'ENOTDIR' || code === 'EEXIST'))
    return `${path} cannot be created: a file with that name exists.`
  if (!code && BUGS.some((Bug) => error instanceof Bug)) return error.stack ?? message
  return message.replaceAll(/\s*\n\s*/g, ' ')
}

/**
 * Runs one command line and returns the exit code: 0 for success, 2 for a usage error, 1 for any other error. Errors are
 * one line on `stderr` and never contain a password.
 */
export const run = async (args: string[], world: World): Promise<number> => {
  try {
    if (asksForHelp(args)) {
      world.stdout.write(USAGE)
      return 0
    }
    const [name = '', ...rest] = args
    const load = COMMANDS.get(name)
    if (!load) throw new UsageError(`Unknown command "${name}".`)
    const command = await load()
    await command(rest, world)
    return 0
  } catch (error) {
    const hint = error instanceof UsageError ? '\nRun "npx doorcode help" for all commands.' : ''
    world.stderr.write(`${explain(error)}${hint}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}
