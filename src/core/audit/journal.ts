import type { Journal } from '../ports.ts'
import type { AuditTrail } from './ports.ts'

/**
 * The one way by which a decision is told: a line in the log and an entry in the audit trail, from the same facts, so that
 * no factor and no route can make one without the other.
 */
export const createJournal =
  ({
    audit,
    log,
    now,
  }: {
    audit: AuditTrail
    log: (line: Record<string, unknown>, event: string) => void
    /** Milliseconds since 1970. */
    now: () => number
  }): Journal =>
  (event, { requestId, address }, facts) => {
    log({ event, request_id: requestId, address, ...facts }, event)
    const { user_id: userId, ...others } = facts
    audit.record({
      event,
      userId: typeof userId === 'string' ? userId : null,
      address,
      requestId,
      facts: Object.fromEntries(
        Object.entries(others).filter(
          (fact): fact is [string, string | number | boolean | null] => fact[1] !== undefined,
        ),
      ),
      at: new Date(now()),
    })
  }
