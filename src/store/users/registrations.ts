import { sql } from 'kysely'
import type { RegistrationStore } from '../../core/account/ports.ts'
import type { Database } from '../database.ts'

/** The most registrations that wait for their code under one invite. */
const MOST_WAITING = 3

/** Opens the store of registrations. */
export const createRegistrationStore = (db: Database): RegistrationStore => {
  const check = db.prepare<{ usernameKey: string; inviteHash: Buffer | null }, { taken: boolean; invited: boolean }>(
    'registration_check',
    (p) => sql`
      select exists (select from users where username_key = ${p.usernameKey}) as taken,
        ${p.inviteHash}::bytea is null or exists (
          select from invites where invite_hash = ${p.inviteHash}::bytea and user_id is null and expires_at > now()
            -- Bounds the messages that one invite can cost.
            and (select count(*) from registrations where invite_hash = ${p.inviteHash}::bytea) < ${sql.lit(MOST_WAITING)}
        ) as invited`,
    { readOnly: true },
  )

  type Registration = Parameters<RegistrationStore['open']>[0]
  const open = db.prepare<Registration, unknown>(
    'registration_open',
    (p) => sql`
      with account as (
        -- No name begins with a space, so this key conflicts with no user, and the wanted name stays free for others.
        insert into users (user_id, username, username_key, password_hash, locale)
        values (${p.userId}::uuid, ${p.username}, ' ' || ${p.userId}, ${p.passwordHash}, ${p.locale}::text)
        returning user_id
      ), factor as (
        insert into factors (user_id, factor, phone) select user_id, ${p.factor}, ${p.phone} from account
      )
      insert into registrations (user_id, username_key, invite_hash)
      select user_id, ${p.usernameKey}, ${p.inviteHash}::bytea from account`,
  )

  const abandon = db.prepare<{ userId: string }, unknown>(
    'registration_abandon',
    (p) => sql`
      delete from users u using registrations r where u.user_id = ${p.userId}::uuid and r.user_id = u.user_id`,
  )

  return {
    check: async (request) => (await check(request))[0]!,
    open: async (registration) => {
      await open(registration)
    },
    abandon: async (userId) => {
      await abandon({ userId })
    },
  }
}
