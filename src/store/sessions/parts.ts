import { type RawBuilder, sql } from 'kysely'
import type { Limits } from '../../core/limits.ts'
import type { NewSession, OpenSession } from '../../core/session/ports.ts'

/**
 * True while the session `s` of the user `u` has neither expired nor been revoked, and the device that opened it is still
 * remembered. The idle timeout is not checked: only a refresh depends on it.
 */
export const isOpen: RawBuilder<unknown> = sql`(s.revoked_at is null and s.expires_at > now()
  and s.auth_epoch = u.auth_epoch and u.disabled_at is null
  and (s.device_id is null or exists (select from devices d where d.device_id = s.device_id)))`

/** True for `freshFor` seconds after both factors were presented for the session `s`. */
export const isFresh = ({ freshFor }: Limits): RawBuilder<unknown> =>
  sql`(s.acr = 'aal2' and s.authenticated_at > now() - make_interval(secs => ${freshFor}::int))`

/**
 * True when this session of the user in `user_id` is open and fresh, and so may change the account. Use it in a step after
 * the one that locks the user: in the same step it would read the time before the wait.
 */
export const freshSession = (sessionId: string | null, { freshFor }: Limits): RawBuilder<unknown> =>
  sql`session_is_fresh(${sessionId}::uuid, user_id, ${freshFor}::int)`

/** Builds the step that opens a session of `account` for each row of `from`. */
export const insertSession = (
  p: NewSession,
  limits: Limits,
  login: {
    acr: RawBuilder<unknown>
    amr: RawBuilder<unknown>
    epoch: RawBuilder<unknown>
    from: RawBuilder<unknown>
    deviceId?: RawBuilder<unknown>
    /** The session that it replaces, whose `authenticated_at` and `expires_at` it takes over. */
    former?: RawBuilder<unknown>
  },
): RawBuilder<unknown> => {
  const end = sql`now() + make_interval(secs => ${limits.sessionTtl}::int)`
  const of = (column: string, otherwise: RawBuilder<unknown>) =>
    login.former
      ? sql`coalesce((select s.${sql.ref(column)} from sessions s where s.session_id = ${login.former}), ${otherwise})`
      : otherwise
  return sql`
    insert into sessions
      (session_id, user_id, auth_epoch, acr, amr, device_id, name, address, authenticated_at, expires_at)
    select ${p.sessionId}::uuid, account.user_id, ${login.epoch}, ${login.acr}, ${login.amr},
      ${login.deviceId ?? sql`null::uuid`}, ${p.name}::text, ${p.address},
      ${of('authenticated_at', sql`now()`)}, ${of('expires_at', end)}
    from ${login.from}
    returning *`
}

/** Builds the step that inserts the first refresh token of the session in the step `opened`. */
export const insertToken = (p: NewSession): RawBuilder<unknown> => sql`
    insert into refresh_tokens (token_hash, session_id, generation)
    select ${p.refreshHash}::bytea, session_id, 0 from opened`

/** Builds the columns that the tokens of a session need, from a row of `sessions` under this name. */
export const sessionColumns = (name: string, limits: Limits): RawBuilder<unknown> => {
  const column = (of: string) => sql.ref(`${name}.${of}`)
  return sql`${column('user_id')} as "userId", ${column('session_id')} as "sessionId", ${column('acr')}, ${column('amr')},
    floor(extract(epoch from ${column('authenticated_at')}))::float8 as "authTime",
    least(${limits.sessionIdle}::int, ceil(extract(epoch from ${column('expires_at')} - now())))::int as lasts`
}

/** Picks the columns of a session from a row with more columns. */
export const openSession = ({ userId, sessionId, acr, amr, authTime, lasts }: OpenSession): OpenSession => ({
  userId,
  sessionId,
  acr,
  amr,
  authTime,
  lasts,
})
