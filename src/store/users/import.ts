import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { NewUser } from '../../core/account/admin-ports.ts'
import { usernameKey } from '../../core/login/username.ts'
import type { Database } from '../database.ts'

/**
 * Adds many users with one factor each, in one statement: all of them or, when it throws, none. Skips names that are
 * taken. Returns the names that were added.
 */
export const addUsers = async ({ kysely }: Database, users: readonly NewUser[]): Promise<Set<string>> => {
  const column = <T>(of: (user: NewUser) => T) => sql`${users.map(of)}`
  const { rows } = await sql<{ username: string }>`
    with given as (
      select * from unnest(
        ${column(() => randomUUID())}::uuid[], ${column(({ username }) => username)}::text[],
        ${column(({ username }) => usernameKey(username))}::text[], ${column(({ passwordHash }) => passwordHash)}::text[],
        ${column(({ factor }) => factor)}::text[], ${column(({ phone }) => phone)}::text[]
      ) as given (user_id, username, username_key, password_hash, factor, phone)
    ), accounts as (
      insert into users (user_id, username, username_key, password_hash)
      select user_id, username, username_key, password_hash from given
      on conflict (username_key) do nothing
      returning user_id, username
    ), enrolled as (
      insert into factors (user_id, factor, phone)
      select user_id, given.factor, given.phone from accounts join given using (user_id)
    )
    select username from accounts`.execute(kysely)
  return new Set(rows.map(({ username }) => username))
}
