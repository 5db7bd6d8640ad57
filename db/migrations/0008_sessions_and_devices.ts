import { type Kysely, sql } from 'kysely'

/** Sessions with their refresh tokens, and remembered devices. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create table sessions (
      session_id uuid primary key,
      user_id uuid not null references users on delete cascade,
      -- A session of an older epoch than its user's is over, without anybody having to end it.
      auth_epoch integer not null,
      acr text not null check (acr in ('aal1', 'aal2')),
      amr text[] not null,
      -- The remembered device that opened it; null for a login with a code. A device that is forgotten takes its sessions
      -- along, without anybody having to end them.
      device_id uuid,
      -- What the client calls itself, and where it was seen last.
      name text,
      address text not null,
      -- When its factors were presented: a refresh does not move it.
      authenticated_at timestamptz not null default now(),
      last_used_at timestamptz not null default now(),
      -- The absolute end; the idle one is last_used_at and a setting.
      expires_at timestamptz not null,
      revoked_at timestamptz,
      revoked_for text
    )`.execute(db)
  await sql`create index sessions_user_id on sessions (user_id)`.execute(db)
  await sql`create index sessions_expires_at on sessions (expires_at)`.execute(db)

  await sql`
    create table refresh_tokens (
      -- SHA-256 of a token of 256 random bits: nothing can be searched for.
      token_hash bytea primary key check (octet_length(token_hash) = 32),
      session_id uuid not null references sessions on delete cascade,
      generation integer not null,
      used_at timestamptz,
      -- What the successor was made with, so that whoever lost the answer gets the same one again.
      successor_salt bytea,
      unique (session_id, generation)
    )`.execute(db)

  // Rotates a token: for one caller, however many present it. All that decides is read under the session's lock.
  await sql`
    create function refresh_session(
      p_hash bytea, p_next_hash bytea, p_salt bytea, p_address text, p_idle integer, p_grace integer,
      out outcome text, out session sessions, out salt bytea, out successor bytea, out lasts integer
    ) language plpgsql as $$
    declare
      token refresh_tokens;
      account users;
    begin
      outcome := 'gone';
      select t.* into token from refresh_tokens t where t.token_hash = p_hash;
      if not found then return; end if;
      select u.* into account from users u join sessions s using (user_id)
        where s.session_id = token.session_id for share of u;
      select s.* into session from sessions s where s.session_id = token.session_id for no key update;
      if not found then return; end if;
      if session.revoked_at is not null or session.auth_epoch <> account.auth_epoch or account.disabled_at is not null
        or session.device_id is not null and not exists (select from devices d where d.device_id = session.device_id)
        or session.expires_at <= now() or session.last_used_at <= now() - make_interval(secs => p_idle) then
        return;
      end if;
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
      -- The one before the current alone, and while nobody has used its successor: then the answer was lost, or a client
      -- asked twice. Whatever else comes back was copied (RFC 9700 4.14.2).
      select t.token_hash into successor from refresh_tokens t
        where t.session_id = token.session_id and t.generation = token.generation + 1 and t.used_at is null;
      if found and token.used_at > now() - make_interval(secs => p_grace) then
        outcome := 'repeated';
        salt := token.successor_salt;
        return;
      end if;
      update sessions s set revoked_at = now(), revoked_for = 'reuse' where s.session_id = token.session_id;
      insert into events (type, data) values ('session.reused',
        jsonb_build_object('user_id', session.user_id, 'session_id', session.session_id, 'address', p_address));
      outcome := 'reused';
    end $$`.execute(db)

  // Whether a session may change its account. Asked under the user's lock and answered by what is committed then; and the
  // session, once found, is not ended before the change is made.
  await sql`
    create function session_is_fresh(p_session uuid, p_user uuid, p_fresh_for integer) returns boolean language plpgsql as $$
    begin
      perform from sessions s join users u using (user_id)
      where s.session_id = p_session and s.user_id = p_user and s.acr = 'aal2' and s.revoked_at is null
        and s.auth_epoch = u.auth_epoch and u.disabled_at is null and s.expires_at > now()
        and s.authenticated_at > now() - make_interval(secs => p_fresh_for)
      for share of s;
      return found;
    end $$`.execute(db)

  await sql`
    create table devices (
      device_id uuid primary key,
      user_id uuid not null references users on delete cascade,
      auth_epoch integer not null,
      token_hash bytea not null unique check (octet_length(token_hash) = 32),
      -- The token before, for whoever lost the answer; see refresh_tokens.
      former_hash bytea unique,
      successor_salt bytea,
      rotated_at timestamptz,
      name text,
      address text not null,
      created_at timestamptz not null default now(),
      last_used_at timestamptz not null default now(),
      expires_at timestamptz not null
    )`.execute(db)
  await sql`create index devices_user_id on devices (user_id)`.execute(db)
  await sql`create index devices_expires_at on devices (expires_at)`.execute(db)

  // Uses a device: rotates its token for one caller and gives the same successor to whoever asks again at once. A former
  // token that comes later was copied, or its owner's was: the device is forgotten, and both log in with a code.
  await sql`
    create function use_device(
      p_user uuid, p_hash bytea, p_next_hash bytea, p_salt bytea, p_address text, p_grace integer,
      out outcome text, out device devices, out salt bytea
    ) language plpgsql as $$
    begin
      outcome := 'unknown';
      select d.* into device from devices d
      where d.user_id = p_user and (d.token_hash = p_hash or d.former_hash = p_hash) for no key update;
      if not found or device.expires_at <= now()
        or device.auth_epoch <> (select u.auth_epoch from users u where u.user_id = p_user) then
        return;
      end if;
      if device.token_hash = p_hash then
        update devices d set token_hash = p_next_hash, former_hash = p_hash, successor_salt = p_salt, rotated_at = now(),
          last_used_at = now(), address = p_address
        where d.device_id = device.device_id;
        outcome := 'rotated';
        return;
      end if;
      if device.rotated_at > now() - make_interval(secs => p_grace) then
        outcome := 'repeated';
        salt := device.successor_salt;
        return;
      end if;
      delete from devices d where d.device_id = device.device_id;
      insert into events (type, data) values ('device.reused',
        jsonb_build_object('user_id', p_user, 'device_id', device.device_id, 'address', p_address));
      outcome := 'reused';
    end $$`.execute(db)
}
