import { type RawBuilder, sql } from 'kysely'

/** True while the challenge `c` of the user `u` takes guesses, and the session that asked for it, if any, is open. */
export const isLive: RawBuilder<unknown> = sql`(u.login_challenge_id = c.challenge_id and u.disabled_at is null
  and u.auth_epoch = c.auth_epoch and c.consumed_at is null and c.expires_at > now() and c.attempts < c.max_attempts
  and (c.session_id is null or exists (
    select from sessions s where s.session_id = c.session_id and s.revoked_at is null and s.expires_at > now())))`
