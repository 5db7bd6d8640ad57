import { migrate as bringUpToDate, readSchemaState } from '../../db/migrate.ts'
import { maskPhone } from '../core/delivery/phone.ts'
import { findPhoneRepairs, type PhoneRepairs } from '../store/users/phone-repairs.ts'
import { type Command, readArgs, refuseNames } from './command.ts'
import { withDatabase } from './open-database.ts'

const OPTIONS = { strict: { type: 'boolean', default: false } } as const

/** The migration that normalized phone numbers. */
const REPAIR = '0012_one_spelling_of_numbers'

const repairLines = ({ repaired, shared }: PhoneRepairs): string =>
  [
    ...(repaired > 0
      ? [`Repaired the spelling of the phone numbers of ${repaired} users (audit event phone_repaired).`]
      : []),
    ...shared.map(({ phone, usernames }) => `${maskPhone(phone)} belongs to several users: ${usernames.join(', ')}`),
  ]
    .map((line) => `${line}\n`)
    .join('')

/**
 * The command `migrate`, which updates the schema and prints the migrations that ran and the phone numbers that collide.
 * It does not change the schema of a newer version, on which this version works too, so that a rollback is possible. With
 * `--strict` it fails on such a schema.
 */
export const migrate: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, OPTIONS)
  refuseNames('migrate', positionals)
  await withDatabase(world, async (database) => {
    const kysely = database.kysely as never
    const names = await bringUpToDate(kysely)
    const { unknown } = await readSchemaState(kysely)
    if (unknown.length > 0) {
      const newer = `The schema is newer than this version: it has ${unknown.join(', ')}.`
      if (values.strict) throw new Error(newer)
      world.stdout.write(`${newer} Nothing was changed.\n`)
      return
    }
    world.stdout.write(names.length > 0 ? `Ran ${names.join(', ')}.\n` : 'The database is up to date.\n')
    if (names.includes(REPAIR)) world.stdout.write(repairLines(await findPhoneRepairs(database)))
  })
}
