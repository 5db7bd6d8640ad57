import { sql } from 'kysely'
import { jsonArrayFrom } from 'kysely/helpers/postgres'
import type { PasswordRules } from '../../core/limits.ts'
import type { AccountStore, LoginAttempt } from '../../core/login/ports.ts'
import type { Account, EnrolledFactor } from '../../core/terms.ts'
import type { Database } from '../database.ts'
import { secondsLeft } from '../moments.ts'
import { nextSendAt } from './cooldown.ts'

/** Builds the query for the account of a user `u`: the row, its factors, and the seconds until the next code. */
export const accounts = (kysely: Database['kysely']) =>
  kysely.selectFrom('users as u').select(({ selectFrom }) => [
    'u.user_id as userId',
    'u.username',
    'u.password_hash as passwordHash',
    'u.auth_epoch as authEpoch',
    'u.locale',
    sql<number>`${secondsLeft(nextSendAt('u'))}`.as('resendIn'),
    sql<boolean>`u.disabled_at is not null`.as('disabled'),
    jsonArrayFrom(
      selectFrom('factors as f')
        .whereRef('f.user_id', '=', 'u.user_id')
        .select([
          sql<EnrolledFactor['name']>`f.factor`.as('name'),
          'f.phone as destination',
          sql<boolean>`f.disabled_at is null and (f.locked_until is null or f.locked_until <= now())`.as('usable'),
        ])
        .orderBy('f.created_at'),
    ).as('factors'),
  ])

/** An account, as the query returns it. */
export type AccountRow = Omit<Account, 'factors'> & { factors: EnrolledFactor[] }

/** Opens the store of accounts for the login flow. Without `rules`, password attempts are not counted. */
export const createAccountStore = (db: Database, rules: PasswordRules | null): AccountStore => {
  const limits = JSON.stringify(rules)
  /**
   * The first statement of `/login`. It always returns one row; the columns of the account are null for an unknown
   * name.
   */
  const forLogin = db.prepare<
    { key: string; pair: Buffer; name: Buffer; host: string },
    { [M in keyof AccountRow]: AccountRow[M] | null } & Omit<LoginAttempt, 'account'>
  >('account_for_login', ({ key, pair, name, host }, kysely) => {
    const attempt = rules
      ? sql`take_password_attempt(${pair}::bytea, ${name}::bytea, ${key}, ${host}, ${limits}::jsonb)`
      : sql`(values (null::int, 0, false, null::text))`
    return sql`
        select attempt.retry_after as "retryAfter", coalesce(attempt.delay_ms, 0) as delay,
          coalesce(attempt.familiar, false) as familiar, attempt.ticket, account.*
        -- 1. Count the attempt, before the password is compared: is this address allowed to try, and after which delay?
        from ${attempt} as attempt (retry_after, delay_ms, familiar, ticket)
        -- 2. Read the account, also when the attempt is refused.
        left join (${accounts(kysely).where('u.username_key', '=', key)}) account on true`
  })
  const countFailure = db.prepare<{ name: Buffer }, unknown>(
    'password_failure',
    ({ name }) => sql`select count_password_failure(${name}::bytea, ${limits}::jsonb)`,
  )
  const forgive = db.prepare<{ pair: Buffer; ticket: string }, unknown>(
    'password_forgive',
    ({ pair, ticket }) => sql`select forgive_password_attempt(${pair}::bytea, ${ticket})`,
  )
  const byId = db.prepare<{ userId: string }, AccountRow>(
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
    async findForLogin(key, { pair, name, host }) {
      const [row] = await forLogin({ key, pair, name, host })
      const { retryAfter, delay, familiar, ticket, ...account } = row!
      const found = account as { [M in keyof AccountRow]: AccountRow[M] | null }
      return { retryAfter, delay, familiar, ticket, account: found.userId === null ? undefined : (found as Account) }
    },
    async forgive({ pair }, ticket) {
      await forgive({ pair, ticket })
    },
    async countFailure({ name }) {
      if (rules) await countFailure({ name })
    },
    findById: async (userId) => (await byId({ userId }))[0],
    upgradePasswordHash: async (userId, from, to) => {
      await upgradeHash({ userId, from, to })
    },
  }
}
