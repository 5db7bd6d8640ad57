-- Uses the token of a remembered device: rotates it for one caller, and detects a copied one.
--
-- Parameters: `p_user` is the user, who is locked by the caller. `p_hash` is the SHA-256 of the token, `p_next_hash` that of
-- its successor, `p_salt` what the successor is made with, `p_address` the caller's address, and `p_grace` the seconds in
-- which the former token gives the same successor again.
--
-- Results: `outcome` is
--   'rotated'   the successor is valid now;
--   'repeated'  the former token came again at once: make the same successor again, with `salt`;
--   'reused'    the former token came later: it or the current one was copied, and the device is forgotten;
--   'unknown'   the token belongs to no device of this user, or the device has expired.
-- `device` is the row of the device before the rotation.
--
-- Locks: the device.
create or replace function use_device(
  p_user uuid, p_hash bytea, p_next_hash bytea, p_salt bytea, p_address text, p_grace integer,
  out outcome text, out device devices, out salt bytea
) language plpgsql as $$
begin
  outcome := 'unknown';

  -- 1. Find and lock the device by its current or its former token. A device of an older epoch is forgotten.
  select d.* into device from devices d
  where d.user_id = p_user and (d.token_hash = p_hash or d.former_hash = p_hash) for no key update;
  if not found or device.expires_at <= now()
    or device.auth_epoch <> (select u.auth_epoch from users u where u.user_id = p_user) then
    return;
  end if;

  -- 2. The current token is rotated.
  if device.token_hash = p_hash then
    update devices d set token_hash = p_next_hash, former_hash = p_hash, successor_salt = p_salt, rotated_at = now(),
      last_used_at = now(), address = p_address
    where d.device_id = device.device_id;
    outcome := 'rotated';
    return;
  end if;

  -- 3. The former token gives the same successor again within the grace period.
  if device.rotated_at > now() - make_interval(secs => p_grace) then
    outcome := 'repeated';
    salt := device.successor_salt;
    return;
  end if;

  -- 4. After that it was copied: forget the device, so that both holders log in with a code, and tell the operator.
  delete from devices d where d.device_id = device.device_id;
  perform write_event('device.reused',
    jsonb_build_object('user_id', p_user, 'device_id', device.device_id, 'address', p_address));
  outcome := 'reused';
end $$;
