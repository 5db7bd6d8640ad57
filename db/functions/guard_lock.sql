-- Locks one thing that the guard counts by, until the transaction ends: callers that count the same thing take turns.
--
-- `kind` is such as 'number' or 'prefix', and `key` the thing itself. `guard_send` names the order of these locks.
create or replace function guard_lock(kind text, key text) returns void language sql as
$$ select pg_advisory_xact_lock(hashtextextended(kind || ' ' || key, 0)) $$;
