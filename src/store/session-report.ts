import { sql } from 'kysely'
import type { SessionSummary } from '../core/admin-ports.ts'
import type { Database } from './database.ts'

/** More than anybody has; what a page can show. */
const MOST = 100

/**
 * Answers "where is this user logged in": the sessions that are not over, the latest used first. `idle` is how long one
 * lasts that nobody uses, in seconds.
 */
export const createSessionReport = (
  db: Database,
  { idle }: { idle: number },
): ((userId: string) => Promise<SessionSummary[]>) => {
  const live = db.prepare<{ userId: string }, SessionSummary>(
    'session_report',
    (p) => sql`
      select s.session_id as "sessionId", s.acr, s.amr, s.name, s.address, s.authenticated_at as "authenticatedAt",
        s.last_used_at as "lastUsedAt", s.expires_at as "expiresAt"
      from sessions s
      join users u on u.user_id = s.user_id
      where s.user_id = ${p.userId}::uuid and s.revoked_at is null and s.auth_epoch = u.auth_epoch
        and u.disabled_at is null and s.expires_at > now() and s.last_used_at > now() - make_interval(secs => ${sql.lit(idle)})
      order by s.last_used_at desc limit ${sql.lit(MOST)}`,
    { readOnly: true },
  )
  return (userId) => live({ userId })
}
