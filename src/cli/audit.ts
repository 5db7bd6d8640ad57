import type { AuditedEvent } from '../core/account/admin-ports.ts'
import { createAuditReport } from '../store/audit/report.ts'
import { type Command, readArgs, UsageError } from './command.ts'
import { withSchema } from './open-database.ts'
import { columns, timeOf } from './table.ts'

const OPTIONS = { limit: { type: 'string', default: '50' } } as const

/** More lines than anybody reads; the rest is for SQL. */
const MOST = 10_000

const HEAD = ['TIME', 'EVENT', 'ADDRESS', 'REQUEST', 'FACTS']

/** Quoted where it could be taken for several. */
const show = (fact: AuditedEvent['facts'][string]): string =>
  typeof fact === 'string' && !/^[^\s"=]+$/.test(fact) ? JSON.stringify(fact) : String(fact)

const factsOf = (facts: AuditedEvent['facts']): string =>
  Object.entries(facts)
    // Whose they are stands on the command line.
    .filter(([name]) => name !== 'user_id')
    .map(([name, fact]) => `${name}=${show(fact)}`)
    .join(' ') || '-'

/** What was decided about one user, one decision a line. */
const auditTable = (events: readonly AuditedEvent[]): string =>
  columns(
    HEAD,
    events.map(({ createdAt, event, address, requestId, facts }) => [
      timeOf(createdAt),
      event,
      address,
      requestId ?? '-',
      factsOf(facts),
    ]),
  )

/** `audit <user>`: what was decided about a user, the latest first. */
export const audit: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, OPTIONS)
  const [name, ...more] = positionals
  if (name === undefined || more.length > 0) throw new UsageError('"audit" needs the name of one user.')
  const limit = /^\d{1,5}$/.test(values.limit) ? Number(values.limit) : 0
  if (limit < 1 || limit > MOST) throw new UsageError(`--limit is a number from 1 to ${MOST}. For example: --limit 50`)

  await withSchema(world, async (database) => {
    const events = await createAuditReport(database).ofUser(name, { limit })
    if (!events) throw new Error(`There is no user "${name}".`)
    world.stdout.write(events.length > 0 ? auditTable(events) : `There is nothing about ${name}.\n`)
  })
}
