import { type Kysely, sql } from 'kysely'

/**
 * Indexes by which housekeeping finds what is over, and the admin API whose number it is.
 *
 * Not `concurrently`: the migrations run in one transaction, so that one that fails leaves nothing behind. What writes to
 * a table waits while its index is built, about two seconds for each million rows.
 */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`create index sends_created_at on sends (created_at)`.execute(db)
  // The end of a session, whichever it was: `least` passes over nulls.
  await sql`create index sessions_end on sessions (least(expires_at, revoked_at))`.execute(db)
  await sql`create index factors_phone on factors (phone)`.execute(db)
}
