-- Returns the whole seconds from `moment` until `until`, at least 1: a value for Retry-After.
create or replace function guard_seconds(until timestamptz, moment timestamptz) returns integer language sql immutable as
$$ select greatest(1, ceil(extract(epoch from until - moment)))::int $$;
