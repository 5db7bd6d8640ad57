-- Decides whether a session may change its account: it is open, both factors were presented for it, and not long ago.
--
-- `p_session` is the session, `p_user` its user, and `p_fresh_for` the seconds for which a session stays fresh.
--
-- Call it under the lock on the user: its query then sees what was committed during the wait. It locks the session for
-- share, so that the session is not revoked before the change is made.
create or replace function session_is_fresh(p_session uuid, p_user uuid, p_fresh_for integer) returns boolean language plpgsql as $$
begin
  perform from sessions s join users u using (user_id)
  where s.session_id = p_session and s.user_id = p_user and s.acr = 'aal2' and s.revoked_at is null
    and s.auth_epoch = u.auth_epoch and u.disabled_at is null and s.expires_at > now()
    and s.authenticated_at > now() - make_interval(secs => p_fresh_for)
  for share of s;
  return found;
end $$;
