import type { Generated } from 'kysely'

/** An event for subscribers, in the outbox. */
export interface EventsTable {
  event_id: Generated<string>
  type: string
  data: unknown
  created_at: Generated<Date>
  next_attempt_at: Generated<Date>
  attempts: Generated<number>
  delivered_at: Date | null
  abandoned_at: Date | null
}

/** A notice that waits to be sent to a user. */
export interface NoticesTable {
  notice_id: Generated<string>
  kind: Generated<string>
  user_id: string
  challenge_id: string | null
  phone: string
  attempts: Generated<number>
  next_attempt_at: Generated<Date>
}

/** An entry of the audit trail, which is append-only. */
export interface AuditEventsTable {
  audit_event_id: Generated<string>
  created_at: Generated<Date>
  event: string
  user_id: string | null
  address: string
  request_id: string | null
  facts: unknown
}
