import { type RawBuilder, sql } from 'kysely'

/** Whole seconds until a moment: null for none, at least 1. */
export const secondsUntil = (moment: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`case when ${moment} is not null then greatest(1, ceil(extract(epoch from ${moment} - now())))::int end`

/** Whole seconds left of a moment: 0 when it is past or there is none. */
export const secondsLeft = (moment: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`coalesce(greatest(0, ceil(extract(epoch from ${moment} - now()))), 0)::int`

/** Whether the challenge `c` of the user `u` can still be answered, and the session has not ended that asked for it. */
export const isLive: RawBuilder<unknown> = sql`(u.login_challenge_id = c.challenge_id and u.disabled_at is null
  and u.auth_epoch = c.auth_epoch and c.consumed_at is null and c.expires_at > now() and c.attempts < c.max_attempts
  and (c.session_id is null or exists (
    select from sessions s where s.session_id = c.session_id and s.revoked_at is null and s.expires_at > now())))`

/** Whether the factor `f` takes guesses and codes, as far as its lock goes. */
export const isUnlocked: RawBuilder<unknown> = sql`(f.locked_until is null or f.locked_until <= now())`
