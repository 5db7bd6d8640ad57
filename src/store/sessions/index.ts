import { sql } from 'kysely'
import type { Limits } from '../../core/limits.ts'
import type {
  NewSession,
  OpenSession,
  RefreshResult,
  Rotation,
  SessionStore,
  SessionView,
} from '../../core/session/ports.ts'
import type { Database } from '../database.ts'
import { type AccountRow, accounts } from '../users/index.ts'
import { freshSession, insertSession, insertToken, isFresh, isOpen, openSession, sessionColumns } from './parts.ts'

/**
 * Opens the store of sessions. Its statements lock the user, the session, then its tokens, like those of the
 * challenges.
 */
export const createSessionStore = (db: Database, limits: Limits): SessionStore => {
  const refresh = db.prepare<
    Rotation & { address: string },
    { outcome: RefreshResult['outcome']; salt: Buffer; successor: Buffer } & OpenSession
  >(
    'session_refresh',
    (p) => sql`
      select r.outcome, r.salt, r.successor, r.lasts, (r.session).user_id as "userId", (r.session).session_id as "sessionId",
        (r.session).acr, (r.session).amr, floor(extract(epoch from (r.session).authenticated_at))::float8 as "authTime"
      from refresh_session(${p.hash}::bytea, ${p.nextHash}::bytea, ${p.salt}::bytea, ${p.address},
        ${limits.sessionIdle}::int, ${limits.rotationGrace}::int) r`,
  )

  const findAuthorized = db.prepare<
    { userId: string; sessionId: string },
    AccountRow & { sessionId: string; fresh: boolean }
  >(
    'session_authorized',
    (p, kysely) =>
      accounts(kysely)
        .innerJoin('sessions as s', 's.user_id', 'u.user_id')
        .select(['s.session_id as sessionId', sql<boolean>`${isFresh(limits)}`.as('fresh')])
        .where('s.session_id', '=', p.sessionId)
        .where('u.user_id', '=', p.userId)
        .where(sql<boolean>`${isOpen}`),
    { readOnly: true },
  )

  const isUsed = sql`s.last_used_at > now() - make_interval(secs => ${limits.sessionIdle}::int)`

  const list = db.prepare<{ userId: string }, SessionView>(
    'session_list',
    (p) => sql`
      select s.session_id as "sessionId", s.name, s.address, s.acr, s.device_id is not null as "byDevice",
        s.authenticated_at as "createdAt", s.last_used_at as "lastUsedAt",
        least(s.expires_at, s.last_used_at + make_interval(secs => ${limits.sessionIdle}::int)) as "expiresAt"
      from sessions s join users u using (user_id)
      where s.user_id = ${p.userId} and ${isOpen} and ${isUsed}
      order by s.last_used_at desc, s.session_id`,
    { readOnly: true },
  )

  const end = db.prepare<{ userId: string; sessionId: string }, { sessionId: string }>(
    'session_end',
    (p) => sql`
      update sessions s set revoked_at = now(), revoked_for = 'sign-out'
      from users u
      where s.session_id = ${p.sessionId}::uuid and s.user_id = ${p.userId} and u.user_id = s.user_id and ${isOpen}
      returning s.session_id as "sessionId"`,
  )

  const endByToken = db.prepare<{ hash: Buffer }, { userId: string; sessionId: string }>(
    'session_end_by_token',
    (p) => sql`
      update sessions s set revoked_at = now(), revoked_for = 'sign-out'
      from refresh_tokens t, users u
      where t.token_hash = ${p.hash}::bytea and s.session_id = t.session_id and u.user_id = s.user_id and ${isOpen}
      returning s.user_id as "userId", s.session_id as "sessionId"`,
  )

  const endOthers = db.prepare<{ userId: string; sessionId: string }, unknown>(
    'session_end_others',
    (p) => sql`
      update sessions s set revoked_at = now(), revoked_for = 'sign-out'
      from users u
      where s.user_id = ${p.userId} and s.session_id <> ${p.sessionId}::uuid and u.user_id = s.user_id and ${isOpen}
        -- The session that asks may have been ended since it was checked: it must not end the one that replaced it.
        and exists (
          select from sessions own
          where own.session_id = ${p.sessionId}::uuid and own.revoked_at is null and own.auth_epoch = u.auth_epoch)
      returning 1`,
  )

  const changePassword = db.prepare<
    NewSession & { userId: string; bySession: string; from: string; to: string; pair: Buffer },
    OpenSession
  >(
    'session_change_password',
    (p) => sql`
      with
      -- 1. Lock the user.
      holder as materialized (
        select u.user_id, u.password_noticed_at from users u where u.user_id = ${p.userId} for no key update
      ),
      -- 2. Now that the user is locked: is the session that asks open and fresh?
      asker as materialized (
        select user_id from holder where ${freshSession(p.bySession, limits)}
      ),
      -- 3. Set the new password, if the former hash has not changed since it was compared. The new epoch ends every session and device.
      account as (
        update users u set password_hash = ${p.to}, auth_epoch = u.auth_epoch + 1, password_noticed_at = now()
        from asker, sessions old
        where u.user_id = asker.user_id and old.session_id = ${p.bySession}::uuid and u.password_hash = ${p.from}
        returning u.user_id, u.auth_epoch, old.acr, old.amr, old.authenticated_at
      ),
      -- 4. Queue a notice.
      noticed as (
        -- One notice per login, because only the code of a login passes the caps. Further changes send none.
        insert into notices (kind, user_id, phone)
        select 'password_changed', f.user_id, f.phone
        from account join holder using (user_id) join factors f using (user_id)
        where f.phone is not null and account.authenticated_at > coalesce(holder.password_noticed_at, '-infinity')
      ),
      -- 5. Forget the failures of this name at this address.
      forgiven as (
        delete from password_attempts where key = ${p.pair}::bytea
      ),
      -- 6. Open a session in the place of the one that asked, with its refresh token.
      opened as (
        ${insertSession(p, limits, {
          acr: sql`account.acr`,
          amr: sql`account.amr`,
          epoch: sql`account.auth_epoch`,
          from: sql`account`,
          former: sql`${p.bySession}::uuid`,
        })}
      ),
      token as (
        ${insertToken(p)}
      ),
      -- 7. Write the event.
      announced as (
        insert into events (type, data) select 'password.changed', jsonb_build_object('user_id', user_id) from opened
      )
      select ${sessionColumns('opened', limits)} from opened`,
  )

  return {
    async refresh(token) {
      const row = (await refresh(token))[0]!
      const { outcome, salt, successor, userId, sessionId } = row
      if (outcome === 'rotated') return { outcome, session: openSession(row) }
      if (outcome === 'repeated') return { outcome, session: openSession(row), salt, successor }
      return outcome === 'reused' ? { outcome, userId, sessionId } : { outcome }
    },

    async findAuthorized(session) {
      const [row] = await findAuthorized(session)
      if (!row) return undefined
      const { sessionId, fresh, ...account } = row
      return { account, sessionId, fresh }
    },

    list: (userId) => list({ userId }),
    end: async (session) => (await end(session)).length > 0,
    endByToken: async (hash) => (await endByToken({ hash }))[0],
    endOthers: async (session) => (await endOthers(session)).length,

    async changePassword({ userId, sessionId, from, to, attempt, session }) {
      const [row] = await changePassword({ ...session, userId, bySession: sessionId, from, to, pair: attempt.pair })
      return row
    },
  }
}
