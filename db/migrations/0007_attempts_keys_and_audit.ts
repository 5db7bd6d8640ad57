import { type Kysely, sql } from 'kysely'

/** Password attempts, Idempotency-Keys, nonces of human checks, and the journal of decisions. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create table password_attempts (
      -- HMAC of an address and a name, or of a name alone; names that nobody has count like any other.
      key bytea primary key,
      -- Those of the last quarter of an hour.
      times timestamptz[] not null
    )`.execute(db)

  // Takes one attempt, before the password is looked at. Its commit need not reach the disk: what a crash of the database
  // forgets is a moment of counting, and every login would wait for it.
  await sql`
    create function take_password_attempt(
      p_pair bytea, p_name bytea, p_username_key text, p_host text, rules jsonb,
      out retry_after integer, out delay_ms integer, out familiar boolean, out ticket text
    ) language plpgsql as $$
    declare
      since constant timestamptz := now() - make_interval(secs => (rules ->> 'within')::int);
      most constant integer := (rules ->> 'perAddress')::int;
      failures integer;
    begin
      perform set_config('synchronous_commit', 'off', true);
      delay_ms := 0;
      ticket := now()::text;
      familiar := false;
      insert into password_attempts as a (key, times) values (p_pair, array[now()])
      on conflict (key) do update
        set times = array(select t from unnest(a.times) t where t > since order by t) || now()
        where (select count(*) from unnest(a.times) t where t > since) < most;
      if not found then
        select guard_seconds(min(t) + make_interval(secs => (rules ->> 'within')::int), now()) into retry_after
        from password_attempts a, unnest(a.times) t where a.key = p_pair and t > since;
        return;
      end if;
      select count(*) into failures from password_attempts a, unnest(a.times) t where a.key = p_name and t > since;
      if failures >= (rules ->> 'delayFrom')::int then
        -- Whether a code that was asked for from here was entered once.
        familiar := exists (
          select from sends s join users u on u.user_id = s.user_id
          where u.username_key = p_username_key and s.address = p_host and s.verified_at is not null);
        delay_ms := least((rules ->> 'longestDelay')::int,
          (rules ->> 'firstDelay')::int * power(2, least(failures / (rules ->> 'delayFrom')::int - 1, 20)))::int;
      end if;
    end $$`.execute(db)

  // Takes one try back that was never judged, or was right.
  await sql`
    create function forgive_password_attempt(p_pair bytea, p_ticket text) returns void language sql as $$
      update password_attempts set times = array_remove(times, p_ticket::timestamptz) where key = p_pair
    $$`.execute(db)

  // Counts a failure of a name, the latest hundred at most: more would make nobody wait longer.
  await sql`
    create function count_password_failure(p_name bytea, rules jsonb) returns void language plpgsql as $$
    begin
      perform set_config('synchronous_commit', 'off', true);
      insert into password_attempts as a (key, times) values (p_name, array[now()])
      on conflict (key) do update set times = array(
        select t from (select t from unnest(a.times || now()) t
          where t > now() - make_interval(secs => (rules ->> 'within')::int) order by t desc limit 100) x order by t);
    end $$`.execute(db)

  await sql`
    create table idempotency_keys (
      -- SHA-256 of the key: the key itself is a part of the client's half of the code's key, and must not be here.
      key_hash bytea not null,
      -- HMAC of the request under the key.
      fingerprint bytea not null,
      -- Each user has keys of their own, so that nobody waits for, or takes, another's.
      user_id uuid not null,
      challenge_id uuid not null,
      -- The secret that its token is signed with, and the code keyed.
      secret_id text not null,
      -- By the clock that tokens are dated with, Unix seconds: so that the same token can be signed again.
      issued_at integer not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      primary key (key_hash, user_id)
    )`.execute(db)
  // Asked under the user's lock, and answered by what is committed then: a plain query would see the time before the wait.
  await sql`
    create function idempotency_key_is_taken(p_key_hash bytea) returns boolean language plpgsql as $$
    begin
      return exists (select from idempotency_keys where key_hash = p_key_hash and expires_at > now());
    end $$`.execute(db)
  await sql`create index idempotency_keys_challenge_id on idempotency_keys (challenge_id)`.execute(db)

  await sql`
    create table used_nonces (
      nonce_hash bytea primary key,
      expires_at timestamptz not null
    )`.execute(db)

  await sql`
    create table audit_events (
      audit_event_id bigint generated always as identity primary key,
      created_at timestamptz not null default now(),
      event text not null,
      -- Null where the name is nobody's. No reference: a row outlives its user.
      user_id uuid,
      address text not null,
      request_id uuid,
      facts jsonb not null
    )`.execute(db)
  await sql`create index audit_events_user_id on audit_events (user_id, created_at)`.execute(db)
  await sql`create index audit_events_created_at on audit_events (created_at)`.execute(db)

  // Nothing changes what was decided, and nothing of the last day goes away, whatever the program asks for.
  await sql`
    create function keep_audit_event() returns trigger language plpgsql as $$
    begin
      if tg_op = 'DELETE' and old.created_at < now() - interval '1 day' then return old; end if;
      raise exception 'audit_events is append-only' using errcode = 'integrity_constraint_violation';
    end $$`.execute(db)
  await sql`
    create trigger audit_events_append_only before update or delete on audit_events
    for each row execute function keep_audit_event()`.execute(db)
  await sql`
    create trigger audit_events_not_emptied before truncate on audit_events
    for each statement execute function keep_audit_event()`.execute(db)
}
