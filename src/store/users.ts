import { sql } from 'kysely'
import { jsonArrayFrom } from 'kysely/helpers/postgres'
import type { Account, AccountStore, EnrolledFactor } from '../core/ports.ts'
import type { Database } from './database.ts'

/** Users in Postgres, as the login flow reads them. */
export const createAccountStore = (db: Database): AccountStore => {
  type Row = Omit<Account, 'factors'> & { factors: EnrolledFactor[] }

  const accounts = (kysely: Database['kysely']) =>
    kysely.selectFrom('users as u').select(({ selectFrom }) => [
      'u.user_id as userId',
      'u.username',
      'u.password_hash as passwordHash',
      'u.auth_epoch as authEpoch',
      'u.locale',
      sql<boolean>`u.disabled_at is not null`.as('disabled'),
      jsonArrayFrom(
        selectFrom('factors as f')
          .whereRef('f.user_id', '=', 'u.user_id')
          .select([
            sql<EnrolledFactor['name']>`f.factor`.as('name'),
            'f.phone',
            sql<boolean>`f.disabled_at is null and (f.locked_until is null or f.locked_until <= now())`.as('usable'),
          ])
          .orderBy('f.created_at'),
      ).as('factors'),
    ])

  const byUsernameKey = db.prepare<{ key: string }, Row>(
    'account_by_username_key',
    ({ key }, kysely) => accounts(kysely).where('u.username_key', '=', key),
    { readOnly: true },
  )
  const byId = db.prepare<{ userId: string }, Row>(
    'account_by_id',
    ({ userId }, kysely) => accounts(kysely).where('u.user_id', '=', userId),
    { readOnly: true },
  )
  const upgradeHash = db.prepare<{ userId: string; from: string; to: string }, unknown>(
    'upgrade_password_hash',
    ({ userId, from, to }, kysely) =>
      kysely
        .updateTable('users')
        .set({ password_hash: to })
        .where('user_id', '=', userId)
        .where('password_hash', '=', from),
  )

  return {
    findByUsernameKey: async (key) => (await byUsernameKey({ key }))[0],
    findById: async (userId) => (await byId({ userId }))[0],
    upgradePasswordHash: async (userId, from, to) => {
      await upgradeHash({ userId, from, to })
    },
  }
}
