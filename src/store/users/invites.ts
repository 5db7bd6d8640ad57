import { sql } from 'kysely'
import type { Database } from '../database.ts'

/** The operations of the command line on invites. */
export interface InviteAdmin {
  /** Stores an invite for `days` days, and returns its expiry. */
  add(invite: { hash: Buffer; days: number; note: string | undefined }): Promise<Date>
}

/** Opens the invites for an operator. */
export const createInviteAdmin = ({ kysely }: Database): InviteAdmin => ({
  async add({ hash, days, note = null }) {
    const { expires_at } = await kysely
      .insertInto('invites')
      .values({
        invite_hash: hash,
        note,
        expires_at: sql<Date>`now() + make_interval(days => ${days})`,
        user_id: null,
      })
      .returning('expires_at')
      .executeTakeFirstOrThrow()
    return expires_at
  },
})
