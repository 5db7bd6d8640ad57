import { type Kysely, sql } from 'kysely'

/** Ends the cooldown of a message that never left: its instance was killed, or lost the database, before the hand-over. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  // When the next code may go, for a user whose row says `p_next` and whose latest challenge is `p_challenge`. In plpgsql,
  // so that a caller that waited for the user's row reads what was committed meanwhile.
  await sql`
    create function next_send(p_next timestamptz, p_challenge uuid) returns timestamptz language plpgsql as $$
    begin
      if exists (
        select from challenges c join sends s on s.send_id = c.send_id
        where c.challenge_id = p_challenge and not may_have_left(s.status, s.receipt_at, s.created_at, now())
      ) then
        return least(p_next, now());
      end if;
      return p_next;
    end $$`.execute(db)
}
