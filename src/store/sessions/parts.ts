import { type RawBuilder, sql } from 'kysely'
import type { Limits } from '../../core/limits.ts'
import type { NewSession, OpenSession } from '../../core/session/ports.ts'

/**
 * Whether the session `s` of the user `u` has neither ended nor been ended, nor the device been forgotten that opened it; its
 * idle end holds for refreshing alone.
 */
export const isOpen: RawBuilder<unknown> = sql`(s.revoked_at is null and s.expires_at > now()
  and s.auth_epoch = u.auth_epoch and u.disabled_at is null
  and (s.device_id is null or exists (select from devices d where d.device_id = s.device_id)))`

/** Whether both factors were presented for the session `s` a short while ago. */
export const isFresh = ({ freshFor }: Limits): RawBuilder<unknown> =>
  sql`(s.acr = 'aal2' and s.authenticated_at > now() - make_interval(secs => ${freshFor}::int))`

/**
 * Whether this session of `account` is open and fresh: what may change an account. To be asked in a step behind the one that
 * locks the user, or the answer would be that of the time before the wait.
 */
export const freshSession = (sessionId: string | null, { freshFor }: Limits): RawBuilder<unknown> =>
  sql`session_is_fresh(${sessionId}::uuid, user_id, ${freshFor}::int)`

/** Opens a session of `account`, for each row of `from`. */
export const insertSession = (
  p: NewSession,
  limits: Limits,
  login: {
    acr: RawBuilder<unknown>
    amr: RawBuilder<unknown>
    epoch: RawBuilder<unknown>
    from: RawBuilder<unknown>
    deviceId?: RawBuilder<unknown>
    /** The session in whose place it comes: it takes over when the factors were presented, and the end. */
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

/** What tokens are made of, from a row of sessions under this name. */
export const sessionColumns = (name: string, limits: Limits): RawBuilder<unknown> => {
  const column = (of: string) => sql.ref(`${name}.${of}`)
  return sql`${column('user_id')} as "userId", ${column('session_id')} as "sessionId", ${column('acr')}, ${column('amr')},
    floor(extract(epoch from ${column('authenticated_at')}))::float8 as "authTime",
    least(${limits.sessionIdle}::int, ceil(extract(epoch from ${column('expires_at')} - now())))::int as lasts`
}

/** The session in a row that has more in it. */
export const openSession = ({ userId, sessionId, acr, amr, authTime, lasts }: OpenSession): OpenSession => ({
  userId,
  sessionId,
  acr,
  amr,
  authTime,
  lasts,
})
