import type { AuditedEvent } from '../core/account/admin-ports.ts'
import { columns, timeOf } from './table.ts'

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
export const auditTable = (events: readonly AuditedEvent[]): string =>
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
