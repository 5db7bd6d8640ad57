import { sql } from 'kysely'
import type { AuditedEvent, UserRef } from '../../core/account/admin-ports.ts'
import type { Database } from '../database.ts'
import { createUserAdmin } from '../users/admin.ts'

/** Answers "what happened at this account". */
export interface AuditReport {
  /**
   * The latest `limit` decisions about this user, newest first; only those older than `before` when it is given.
   * Undefined when there is no such user: what is kept of one who is gone is found by id alone, in SQL.
   */
  ofUser(user: UserRef, range: { limit: number; before?: Date }): Promise<AuditedEvent[] | undefined>
}

/** The operator's side of the audit trail. */
export const createAuditReport = (db: Database): AuditReport => {
  const users = createUserAdmin(db)
  const latest = db.prepare<{ userId: string; before: Date | string; limit: number }, AuditedEvent>(
    'audit_of_user',
    (p) => sql`
      select created_at as "createdAt", event, address, request_id as "requestId", facts
      from audit_events
      where user_id = ${p.userId}::uuid and created_at < ${p.before}::timestamptz
      order by created_at desc, audit_event_id desc
      limit ${p.limit}::int`,
    { readOnly: true },
  )
  return {
    async ofUser(user, { limit, before = 'infinity' as const }) {
      const found = await users.find(user)
      return found && latest({ userId: found.userId, before, limit })
    },
  }
}
