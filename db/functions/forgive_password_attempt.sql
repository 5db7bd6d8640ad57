-- Takes back one attempt that `take_password_attempt` counted: it was never judged, or the password was correct.
--
-- `p_pair` is the key of the address and the name, `p_ticket` the ticket of the attempt. It locks that one counter.
create or replace function forgive_password_attempt(p_pair bytea, p_ticket text) returns void language sql as $$
  update password_attempts set times = array_remove(times, p_ticket::timestamptz) where key = p_pair
$$;
