import { sql } from 'kysely'
import type { AuditedEvent, UserRef } from '../../core/account/admin-ports.ts'
import type { Database } from '../database.ts'
import { createUserAdmin } from '../users/admin.ts'

/** The audit trail of one account, as an operator reads it. */
export interface AuditReport {
  /**
   * Returns the latest `limit` decisions about this user, newest first; with `before`, only older ones. Returns undefined
   * for an unknown user. The entries of a deleted user are found only in SQL, by the user's id.
   */
  ofUser(user: UserRef, range: { limit: number; before?: Date }): Promise<AuditedEvent[] | undefined>
}

/** Opens the audit trail for reading. */
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
