import { sql } from 'kysely'
import { usernameKey } from '../core/username.ts'
import type { Database } from './database.ts'

/** One decision, as an operator reads it. */
export interface AuditedEvent {
  createdAt: Date
  event: string
  address: string
  requestId: string | null
  facts: Record<string, string | number | boolean | null>
}

/** Answers "what happened at this account". */
export interface AuditReport {
  /**
   * The latest `limit` decisions about this user, newest first; only those older than `before` when it is given.
   * Undefined when nobody has the name: what is kept of a user who is gone is found by id alone, in SQL.
   */
  ofUser(username: string, range: { limit: number; before?: Date }): Promise<AuditedEvent[] | undefined>
}

/** The operator's side of the audit trail. */
export const createAuditReport = ({ kysely }: Database): AuditReport => ({
  async ofUser(username, { limit, before }) {
    const user = await kysely
      .selectFrom('users')
      .select('user_id')
      .where('username_key', '=', usernameKey(username))
      .executeTakeFirst()
    if (!user) return undefined
    const { rows } = await sql<AuditedEvent>`
      select created_at as "createdAt", event, address, request_id as "requestId", facts
      from audit_events
      where user_id = ${user.user_id}::uuid and created_at < ${before ?? 'infinity'}::timestamptz
      order by created_at desc, audit_event_id desc
      limit ${limit}`.execute(kysely)
    return rows
  },
})
