-- Decides when the next code of a user may go.
--
-- `p_next` is the end of the cooldown on the user's row, `p_challenge` the user's latest challenge. The cooldown is over
-- at once when the message that started it never left: its instance was killed, or lost the database, before the hand-over.
--
-- It takes no lock. It is in PL/pgSQL and not in SQL so that its query has a snapshot of its own: a caller that waited for
-- the lock on the user's row reads what was committed meanwhile.
create or replace function next_send(p_next timestamptz, p_challenge uuid) returns timestamptz language plpgsql as $$
begin
  if exists (
    select from challenges c join sends s on s.send_id = c.send_id
    where c.challenge_id = p_challenge and not may_have_left(s.status, s.receipt_at, s.created_at, now())
  ) then
    return least(p_next, now());
  end if;
  return p_next;
end $$;
