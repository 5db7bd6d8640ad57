-- Returns the seconds until one more message fits under a cap of `most` messages in `seconds`; null when it fits now.
--
-- `times` are the moments of the latest messages, newest first. The cap is reached when the message in place `most` is still
-- within the window that ends at `moment`.
create or replace function guard_wait(times timestamptz[], most integer, seconds double precision, moment timestamptz)
returns integer language sql immutable as $$
  select guard_seconds(times[most] + make_interval(secs => seconds), moment)
  where times[most] > moment - make_interval(secs => seconds)
$$;
