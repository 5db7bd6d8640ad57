-- Takes one attempt at a password, before the password is compared: attempts side by side count like attempts in turn.
--
-- Parameters: `p_pair` is the HMAC of the address and the name, `p_name` that of the name alone; unknown names count like
-- any other. `p_username_key` and `p_host` are the name and the address. `rules` has `within` in seconds, `perAddress`,
-- `delayFrom`, and `firstDelay` and `longestDelay` in ms.
--
-- Results: `retry_after` is the seconds until the next attempt when this one is refused, else null. `delay_ms` is the delay
-- of the answer, which grows with the failures of the name. `familiar` is true when a correct code was entered from this
-- address before: such a caller is answered without the delay. `ticket` takes this attempt back, see
-- `forgive_password_attempt`.
--
-- It locks the counter of the pair. The commit does not wait for the disk, since every login would wait with it: a crash of
-- the database forgets the attempts of its last moment.
create or replace function take_password_attempt(
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

  -- 1. Add the attempt to those of this address and this name, unless there are too many. Forget the old ones.
  insert into password_attempts as a (key, times) values (p_pair, array[now()])
  on conflict (key) do update
    set times = array(select t from unnest(a.times) t where t > since order by t) || now()
    where (select count(*) from unnest(a.times) t where t > since) < most;

  -- 2. Too many: wait until the oldest of them no longer counts.
  if not found then
    select guard_seconds(min(t) + make_interval(secs => (rules ->> 'within')::int), now()) into retry_after
    from password_attempts a, unnest(a.times) t where a.key = p_pair and t > since;
    return;
  end if;

  -- 3. Many failures of this name, from whatever address: answer later, twice as late at each step.
  select count(*) into failures from password_attempts a, unnest(a.times) t where a.key = p_name and t > since;
  if failures >= (rules ->> 'delayFrom')::int then
    familiar := exists (
      select from sends s join users u on u.user_id = s.user_id
      where u.username_key = p_username_key and s.address = p_host and s.verified_at is not null);
    delay_ms := least((rules ->> 'longestDelay')::int,
      (rules ->> 'firstDelay')::int * power(2, least(failures / (rules ->> 'delayFrom')::int - 1, 20)))::int;
  end if;
end $$;
