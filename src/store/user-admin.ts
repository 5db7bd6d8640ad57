import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { usernameKey } from '../core/username.ts'
import type { Database } from './database.ts'

/** A user as an operator sees one. */
export interface UserSummary {
  userId: string
  username: string
  phone: string | null
  /** BCP 47, of messages. */
  locale: string | null
  disabled: boolean
  failures: number
  lockedUntil: Date | null
  factorDisabled: boolean
}

/** What the command line does to users. Each method that names a user returns whether there is one. */
export interface UserAdmin {
  /** Adds a user with an SMS factor; undefined when the name is taken, else the new user's id. */
  add(user: {
    username: string
    passwordHash: string
    phone: string
    locale?: string | undefined
  }): Promise<string | undefined>
  list(): Promise<UserSummary[]>
  /** Disables or enables an account. Disabling raises its epoch, which ends what it had begun. */
  setDisabled(username: string, disabled: boolean): Promise<boolean>
  /** Takes failures, lock and disablement off the user's factors. */
  resetFactor(username: string): Promise<boolean>
}

/** The operator's side of the users table. */
export const createUserAdmin = ({ kysely }: Database): UserAdmin => ({
  add: ({ username, passwordHash, phone, locale = null }) =>
    kysely.transaction().execute(async (transaction) => {
      const user = await transaction
        .insertInto('users')
        .values({
          user_id: randomUUID(),
          username,
          username_key: usernameKey(username),
          password_hash: passwordHash,
          locale,
        })
        .onConflict((conflict) => conflict.column('username_key').doNothing())
        .returning('user_id')
        .executeTakeFirst()
      if (user)
        await transaction.insertInto('factors').values({ user_id: user.user_id, factor: 'sms', phone }).execute()
      return user?.user_id
    }),

  list: () =>
    kysely
      .selectFrom('users as u')
      .leftJoin('factors as f', (join) => join.onRef('f.user_id', '=', 'u.user_id').on('f.factor', '=', 'sms'))
      .select([
        'u.user_id as userId',
        'u.username',
        'f.phone',
        'u.locale',
        sql<boolean>`u.disabled_at is not null`.as('disabled'),
        sql<number>`coalesce(f.failures, 0)`.as('failures'),
        'f.locked_until as lockedUntil',
        sql<boolean>`f.disabled_at is not null`.as('factorDisabled'),
      ])
      .orderBy('u.username_key')
      .execute(),

  async setDisabled(username, disabled) {
    const { numUpdatedRows } = await kysely
      .updateTable('users')
      .set(
        disabled ? { disabled_at: sql<Date>`now()`, auth_epoch: sql<number>`auth_epoch + 1` } : { disabled_at: null },
      )
      .where('username_key', '=', usernameKey(username))
      .executeTakeFirstOrThrow()
    return numUpdatedRows > 0n
  },

  async resetFactor(username) {
    const { numUpdatedRows } = await kysely
      .updateTable('factors')
      .set({ failures: 0, locked_until: null, disabled_at: null })
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom('users')
            .select('user_id')
            .whereRef('users.user_id', '=', 'factors.user_id')
            .where('username_key', '=', usernameKey(username)),
        ),
      )
      .executeTakeFirstOrThrow()
    return numUpdatedRows > 0n
  },
})
