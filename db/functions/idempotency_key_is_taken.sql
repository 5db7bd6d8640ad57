-- Decides whether a request with this Idempotency-Key has come before, and its key has not expired.
--
-- `p_key_hash` is the SHA-256 of the key. Call it under the lock on the user. It is in PL/pgSQL so that its query has a
-- snapshot of its own, and sees what was committed during the wait for that lock.
create or replace function idempotency_key_is_taken(p_key_hash bytea) returns boolean language plpgsql as $$
begin
  return exists (select from idempotency_keys where key_hash = p_key_hash and expires_at > now());
end $$;
