import { isSupportedCountry } from 'libphonenumber-js/max'
import { canonicalPrefix } from '../factors/sms/phone-number.ts'
import { type BlockTarget, createGuardAdmin } from '../store/guard/index.ts'
import { type Command, commandOf, readArgs, refuseNames, UsageError } from './command.ts'
import { blockTable, budgetTable } from './guard-table.ts'
import { withSchema } from './open-database.ts'
import { simulate } from './simulate.ts'
import { timeOf } from './table.ts'

const UNITS: Record<string, number> = { m: 60, h: 3_600, d: 86_400 }

const LONGEST_BLOCK = 366 * 86_400

/** Parses the duration of a block, such as `30m`, `12h` or `2d`, into seconds. */
const secondsOf = (written: string): number => {
  const [, amount, unit] = /^(\d{1,6})([mhd])$/.exec(written) ?? []
  const seconds = Number(amount) * (UNITS[unit ?? ''] ?? Number.NaN)
  if (!(seconds > 0 && seconds <= LONGEST_BLOCK)) {
    throw new UsageError(`--for must be a duration of at most 366 days such as 30m, 12h or 2d, not "${written}".`)
  }
  return seconds
}

/** Parses the target of a block: a country, or a prefix of numbers with optional separators. */
const targetOf = (command: string, names: string[]): BlockTarget => {
  const [name, ...others] = names
  if (name === undefined || others.length > 0) {
    throw new UsageError(`"${command}" needs one target: a prefix such as +1202555, or a country such as US.`)
  }
  const digits = name.replaceAll(/[ ().-]/g, '')
  if (/^\+[1-9]\d{0,14}$/.test(digits)) return { scope: 'prefix', target: canonicalPrefix(digits) }
  if (isSupportedCountry(name.toUpperCase())) return { scope: 'country', target: name.toUpperCase() }
  throw new UsageError(`"${name}" is neither a prefix such as +1202555 nor an ISO 3166-1 country code such as US.`)
}

const list: Command = async (args, world) => {
  refuseNames('guard list', readArgs(args, {}).positionals)
  await withSchema(world, async (database) => {
    const { blocks, budgets } = await createGuardAdmin(database).list()
    world.stdout.write(blocks.length > 0 ? blockTable(blocks) : 'Nothing is blocked.\n')
    world.stdout.write(budgets.length > 0 ? `\n${budgetTable(budgets)}` : 'No message was sent today (UTC).\n')
  })
}

const block: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, { for: { type: 'string', default: '12h' } } as const)
  const target = targetOf('guard block', positionals)
  const seconds = secondsOf(values.for)
  await withSchema(world, async (database) => {
    const endsAt = await createGuardAdmin(database).block({ ...target, seconds })
    world.stdout.write(`No messages are sent to ${target.target} until ${timeOf(endsAt)}, not even to known users.\n`)
  })
}

const unblock: Command = async (args, world) => {
  const target = targetOf('guard unblock', readArgs(args, {}).positionals)
  await withSchema(world, async (database) => {
    const wasBlocked = await createGuardAdmin(database).unblock(target)
    if (!wasBlocked) throw new Error(`${target.target} is not blocked. "guard list" shows the blocks.`)
    world.stdout.write(`${target.target} is no longer blocked, and its earlier sends no longer count.\n`)
  })
}

/** The command `guard list|block|unblock|simulate`, which shows and changes blocks, and simulates the decisions of the guard. */
export const guard = commandOf('the guard', {
  list,
  block,
  unblock,
  simulate,
})
