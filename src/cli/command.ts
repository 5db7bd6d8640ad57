import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'

/** The environment and streams of a command. */
export interface World {
  env: Record<string, string | undefined>
  stdin: NodeJS.ReadStream
  stdout: NodeJS.WritableStream
  stderr: NodeJS.WritableStream & { isTTY?: boolean }
}

/** A command. It receives the arguments after its name, resolves when it is done, and throws when it fails. */
export type Command = (args: string[], world: World) => Promise<void>

/** An error in the command line: one line that never quotes the given values. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Parses the options of a command. Throws a `UsageError` for unknown options. */
export const readArgs = <O extends ParseArgsOptionsConfig>(args: string[], options: O) => {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (error) {
    // The first sentence has the fault; Node then explains at length how to write names that start with a hyphen.
    throw new UsageError(`${(error as Error).message.split(/\. |\.?\n/)[0]}.`)
  }
}

/** Throws a `UsageError` for positional arguments of a command that takes only options. */
export const refuseNames = (command: string, positionals: string[]): void => {
  if (positionals.length > 0) throw new UsageError(`"${command}" takes only options, but got another argument.`)
}

/** Creates a command with subcommands, chosen by the first argument. `what` names their subject in error messages. */
export const commandOf =
  (what: string, subcommands: Readonly<Record<string, Command>>): Command =>
  async ([name = '', ...args], world) => {
    const subcommand = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined
    if (!subcommand) throw new UsageError(`Choose a subcommand for ${what}: ${Object.keys(subcommands).join(', ')}.`)
    await subcommand(args, world)
  }
