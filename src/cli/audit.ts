import type { AuditedEvent } from '../core/account/admin-ports.ts'
import { createAuditReport } from '../store/audit/report.ts'
import { type Command, readArgs, UsageError } from './command.ts'
import { withSchema } from './open-database.ts'
import { columns, timeOf } from './table.ts'

const OPTIONS = { limit: { type: 'string', default: '50' } } as const

/** Maximum number of events; use SQL for more. */
const MAX_EVENTS = 10_000

const HEAD = ['TIME', 'EVENT', 'ADDRESS', 'REQUEST', 'FACTS']

/** Quotes a value with spaces, so that it cannot look like several values. */
const show = (fact: AuditedEvent['facts'][string]): string =>
  typeof fact === 'string' && !/^[^\s"=]+$/.test(fact) ? JSON.stringify(fact) : String(fact)

const factsOf = (facts: AuditedEvent['facts']): string =>
  Object.entries(facts)
    // The command line already names the user.
    .filter(([name]) => name !== 'user_id')
    .map(([name, fact]) => `${name}=${show(fact)}`)
    .join(' ') || '-'

/** Formats audit events as a table, one event a line. */
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

/** The command `audit <user>`, which shows the audit trail of a user, latest event first. */
export const audit: Command = async (args, world) => {
  const { values, positionals } = readArgs(args, OPTIONS)
  const [name, ...more] = positionals
  if (name === undefined || more.length > 0) throw new UsageError('"audit" needs the name of one user.')
  const limit = /^\d{1,5}$/.test(values.limit) ? Number(values.limit) : 0
  if (limit < 1 || limit > MAX_EVENTS)
    throw new UsageError(`--limit must be a number from 1 to ${MAX_EVENTS}. For example: --limit 50`)

  await withSchema(world, async (database) => {
    const events = await createAuditReport(database).ofUser(name, { limit })
    if (!events) throw new Error(`The user "${name}" does not exist.`)
    world.stdout.write(events.length > 0 ? auditTable(events) : `${name} has no audit events.\n`)
  })
}
