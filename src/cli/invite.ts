import { hashToken, makeToken } from '../core/session/rotating-token.ts'
import { createInviteAdmin } from '../store/users/invites.ts'
import { type Command, readArgs, refuseNames, UsageError } from './command.ts'
import { withSchema } from './open-database.ts'

const OPTIONS = { days: { type: 'string', default: '7' }, note: { type: 'string' } } as const

const MAX_DAYS = 365

/** The command `invite`, which prints an invite for one registration. The database stores only its hash. */
export const invite: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, OPTIONS)
  refuseNames('invite', positionals)
  const days = Number(values.days)
  if (!Number.isInteger(days) || days < 1 || days > MAX_DAYS) {
    throw new UsageError(`--days must be a whole number from 1 to ${MAX_DAYS}. For example: --days 7`)
  }
  const token = makeToken('invite')
  await withSchema(world, async (database) => {
    const until = await createInviteAdmin(database).add({ hash: hashToken(token), days, note: values.note })
    world.stdout.write(`${token}\n`)
    world.stderr.write(`The invite is valid for one account until ${until.toISOString()}. It is not shown again.\n`)
  })
}
