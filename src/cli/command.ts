import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'

/** The outside world, as a command sees it. */
export interface World {
  env: Record<string, string | undefined>
  stdin: NodeJS.ReadStream
  stdout: NodeJS.WritableStream
  stderr: NodeJS.WritableStream & { isTTY?: boolean }
}

/** What follows the command's own name on the command line; resolves when all is done, throws when it is not. */
export type Command = (args: string[], world: World) => Promise<void>

/** The command line cannot be understood: one line that says why, without the values that were given. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Splits off the options of one command. Throws a `UsageError` for those that it does not have. */
export const readArgs = <O extends ParseArgsOptionsConfig>(args: string[], options: O) => {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (error) {
    // Node explains at length how to write names that start with a hyphen; the first sentence says what is wrong.
    throw new UsageError(`${(error as Error).message.split(/\. |\.?\n/)[0]}.`)
  }
}

/** Refuses what is left over on the command line of a command that takes nothing but options. */
export const refuseNames = (command: string, positionals: string[]): void => {
  if (positionals.length > 0) throw new UsageError(`"${command}" takes options alone, and something else was given.`)
}

/** A command that is one of several: the first word says which. `what` is what they are about, as in "what to do with …". */
export const commandOf =
  (what: string, subcommands: Readonly<Record<string, Command>>): Command =>
  async ([name = '', ...args], world) => {
    const subcommand = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined
    if (!subcommand) throw new UsageError(`Say what to do with ${what}: ${Object.keys(subcommands).join(', ')}.`)
    await subcommand(args, world)
  }
