import { type Kysely, sql } from 'kysely'

/** Notices of a changed password, and of changes that no challenge made. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    alter table notices
      add column kind text not null default 'phone_changed' check (kind in ('phone_changed', 'password_changed')),
      alter column challenge_id drop not null`.execute(db)
  // When the user last got a notice of a new password. A login is worth one notice: each of them costs a message, and only
  // the code of a login is held by the caps and budgets.
  await sql`alter table users add column password_noticed_at timestamptz`.execute(db)
}
