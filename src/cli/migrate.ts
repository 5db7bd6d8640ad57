import { migrate as bringUpToDate } from '../../db/migrate.ts'
import { type Command, readArgs, refuseNames } from './command.ts'
import { withDatabase } from './open-database.ts'

/** `migrate`: brings the schema up to date and says which migrations ran. */
export const migrate: Command = async (args, world) => {
  refuseNames('migrate', readArgs(args, {}).positionals)
  await withDatabase(world, async ({ kysely }) => {
    const names = await bringUpToDate(kysely as never)
    world.stdout.write(names.length > 0 ? `Ran ${names.join(', ')}.\n` : 'The database is up to date.\n')
  })
}
