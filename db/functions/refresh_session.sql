-- Rotates a refresh token, for one caller however many present it, and detects a copied one (RFC 9700 section 4.14.2).
--
-- Parameters: `p_hash` is the SHA-256 of the token, `p_next_hash` that of its successor, and `p_salt` what the successor is
-- made with. `p_address` is the caller's address, `p_idle` the idle timeout of a session in seconds, and `p_grace` the
-- seconds in which a used token gives the same successor again.
--
-- Results: `outcome` is
--   'rotated'   the successor is valid now;
--   'repeated'  the token was used a moment ago: make the same successor again, with `salt`; `successor` is its hash;
--   'reused'    the token came back later, so it was copied: the session is revoked;
--   'gone'      the token is unknown, or its session is over.
-- `session` is the row of the session, and `lasts` the seconds until its absolute or idle end.
--
-- Locks: the user for share, then the session. All that decides is read under the lock of the session.
create or replace function refresh_session(
  p_hash bytea, p_next_hash bytea, p_salt bytea, p_address text, p_idle integer, p_grace integer,
  out outcome text, out session sessions, out salt bytea, out successor bytea, out lasts integer
) language plpgsql as $$
declare
  token refresh_tokens;
  account users;
begin
  outcome := 'gone';

  -- 1. Find the token, and lock the user and the session that it belongs to.
  select t.* into token from refresh_tokens t where t.token_hash = p_hash;
  if not found then return; end if;
  select u.* into account from users u join sessions s using (user_id)
    where s.session_id = token.session_id for share of u;
  select s.* into session from sessions s where s.session_id = token.session_id for no key update;
  if not found then return; end if;

  -- 2. Is the session over? It was revoked, its account has changed, its device was forgotten, or it has expired.
  if session.revoked_at is not null or session.auth_epoch <> account.auth_epoch or account.disabled_at is not null
    or session.device_id is not null and not exists (select from devices d where d.device_id = session.device_id)
    or session.expires_at <= now() or session.last_used_at <= now() - make_interval(secs => p_idle) then
    return;
  end if;

  -- 3. Read the token again, now that no other caller can use it. An unused token is rotated.
  select t.* into token from refresh_tokens t where t.token_hash = p_hash;
  lasts := least(p_idle, ceil(extract(epoch from session.expires_at - now())));
  if token.used_at is null then
    update refresh_tokens t set used_at = now(), successor_salt = p_salt where t.token_hash = p_hash;
    insert into refresh_tokens (token_hash, session_id, generation)
      values (p_next_hash, token.session_id, token.generation + 1);
    update sessions s set last_used_at = now(), address = p_address where s.session_id = token.session_id;
    outcome := 'rotated';
    return;
  end if;

  -- 4. A used token gives its successor again within the grace period, while the successor is unused: then the answer was
  --    lost, or the client asked twice.
  select t.token_hash into successor from refresh_tokens t
    where t.session_id = token.session_id and t.generation = token.generation + 1 and t.used_at is null;
  if found and token.used_at > now() - make_interval(secs => p_grace) then
    outcome := 'repeated';
    salt := token.successor_salt;
    return;
  end if;

  -- 5. Any other used token was copied: revoke the session and tell the operator.
  update sessions s set revoked_at = now(), revoked_for = 'reuse' where s.session_id = token.session_id;
  perform write_event('session.reused',
    jsonb_build_object('user_id', session.user_id, 'session_id', session.session_id, 'address', p_address));
  outcome := 'reused';
end $$;
