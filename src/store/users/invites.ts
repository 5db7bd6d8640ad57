import { sql } from 'kysely'
import type { Database } from '../database.ts'

/** What the command line does to invites. */
export interface InviteAdmin {
  /** Stores an invite for `days` days, and returns when it ends. */
  add(invite: { hash: Buffer; days: number; note: string | undefined }): Promise<Date>
}

/** The operator's side of the invites table. */
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
