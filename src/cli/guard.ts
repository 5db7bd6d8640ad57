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

/** A block's time in seconds: `30m`, `12h` or `2d`. */
const secondsOf = (written: string): number => {
  const [, amount, unit] = /^(\d{1,6})([mhd])$/.exec(written) ?? []
  const seconds = Number(amount) * (UNITS[unit ?? ''] ?? Number.NaN)
  if (!(seconds > 0 && seconds <= LONGEST_BLOCK)) {
    throw new UsageError(
      `--for is minutes, hours or days, at most 366 of them, such as 30m, 12h or 2d; not "${written}".`,
    )
  }
  return seconds
}

/** What a block is to be on: a country, or the first digits of numbers, written as people write numbers. */
const targetOf = (command: string, names: string[]): BlockTarget => {
  const [name, ...others] = names
  if (name === undefined || others.length > 0) {
    throw new UsageError(`"${command}" needs one target: first digits such as +1202555, or a country such as US.`)
  }
  const digits = name.replaceAll(/[ ().-]/g, '')
  if (/^\+[1-9]\d{0,14}$/.test(digits)) return { scope: 'prefix', target: canonicalPrefix(digits) }
  if (isSupportedCountry(name.toUpperCase())) return { scope: 'country', target: name.toUpperCase() }
  throw new UsageError(`"${name}" is neither first digits such as +1202555 nor an ISO 3166-1 country such as US.`)
}

const list: Command = async (args, world) => {
  refuseNames('guard list', readArgs(args, {}).positionals)
  await withSchema(world, async (database) => {
    const { blocks, budgets } = await createGuardAdmin(database).list()
    world.stdout.write(blocks.length > 0 ? blockTable(blocks) : 'Nothing is blocked.\n')
    world.stdout.write(budgets.length > 0 ? `\n${budgetTable(budgets)}` : 'Nothing was sent today (UTC).\n')
  })
}

const block: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, { for: { type: 'string', default: '12h' } } as const)
  const target = targetOf('guard block', positionals)
  const seconds = secondsOf(values.for)
  await withSchema(world, async (database) => {
    const endsAt = await createGuardAdmin(database).block({ ...target, seconds })
    world.stdout.write(`Nothing is sent to ${target.target} until ${timeOf(endsAt)}, to known users neither.\n`)
  })
}

const unblock: Command = async (args, world) => {
  const target = targetOf('guard unblock', readArgs(args, {}).positionals)
  await withSchema(world, async (database) => {
    const wasBlocked = await createGuardAdmin(database).unblock(target)
    if (!wasBlocked) throw new Error(`There is no block on ${target.target}. "guard list" shows those there are.`)
    world.stdout.write(`${target.target} is free again, and what was sent there before is forgotten.\n`)
  })
}

/** `guard list|block|unblock|simulate`: what the toll-fraud guard holds up, and what it would. */
export const guard = commandOf('the guard', {
  list,
  block,
  unblock,
  simulate,
})
