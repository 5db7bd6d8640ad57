import { migrate as bringUpToDate } from '../../db/migrate.ts'
import { maskPhone } from '../core/mask.ts'
import { findPhoneRepairs, type PhoneRepairs } from '../store/phone-repairs.ts'
import { type Command, readArgs, refuseNames } from './command.ts'
import { withDatabase } from './open-database.ts'

/** The migration that gave each phone number one spelling. */
const REPAIR = '0012_one_spelling_of_numbers'

const repairLines = ({ repaired, shared }: PhoneRepairs): string =>
  [
    ...(repaired > 0
      ? [`Repaired the spelling of the phone numbers of ${repaired} users (audit event phone_repaired).`]
      : []),
    ...shared.map(
      ({ phone, usernames }) => `${maskPhone(phone)} is the number of several users: ${usernames.join(', ')}`,
    ),
  ]
    .map((line) => `${line}\n`)
    .join('')

/** `migrate`: brings the schema up to date and says which migrations ran, and which phone numbers collide since. */
export const migrate: Command = async (args, world) => {
  refuseNames('migrate', readArgs(args, {}).positionals)
  await withDatabase(world, async (database) => {
    const names = await bringUpToDate(database.kysely as never)
    world.stdout.write(names.length > 0 ? `Ran ${names.join(', ')}.\n` : 'The database is up to date.\n')
    if (names.includes(REPAIR)) world.stdout.write(repairLines(await findPhoneRepairs(database)))
  })
}
