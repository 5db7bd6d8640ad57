-- Applies the caps on the receiver: codes per hour and day of one user and one number, calls to it, and the cooldown of a
-- number that several users have.
--
-- `moment` is the time of the message, and `rules` the policy; a cap that it leaves out is off. `p_user` is the user,
-- `p_phone` the HMAC of the number, `p_channel` 'sms' or 'voice', and `p_known` true when this user has proven this number
-- lately. `rule` is the cap that is reached, null for none, and `retry_after` the seconds until it no longer is.
--
-- Locks: none of its own; the caller holds those of the user and the number.
create or replace function guard_caps(
  moment timestamptz, rules jsonb, p_user uuid, p_phone bytea, p_channel text, p_known boolean,
  out rule text, out retry_after integer
) language plpgsql as $$
declare
  hour constant double precision := 3600;
  day constant double precision := 86400;
  times timestamptz[];
  latest record;
  since timestamptz;
begin
  -- 1. The codes of the user, to whatever number.
  if rules ? 'user' then
    times := array(select s.created_at from sends s where s.user_id = p_user and s.carries_code
      and counts(s.status, s.receipt_at) and s.created_at > moment - make_interval(secs => hour)
      order by s.created_at desc limit (rules #>> '{user,perHour}')::int);
    rule := 'user.perHour';
    retry_after := guard_wait(times, (rules #>> '{user,perHour}')::int, hour, moment);
    if retry_after is not null then return; end if;
  end if;

  if rules ? 'number' then
    -- 2. The codes to the number. What strangers send to a number must not keep its owners out: all accounts that have
    --    proven the number share one ceiling. For them count the codes of known users, the codes that were entered, and
    --    their own.
    times := array(select s.created_at from sends s where s.phone_hash = p_phone and s.carries_code
      and counts(s.status, s.receipt_at)
      and (not p_known or s.known or s.verified_at is not null or s.user_id = p_user)
      and s.created_at > moment - make_interval(secs => day)
      order by s.created_at desc
      limit greatest((rules #>> '{number,perHour}')::int, (rules #>> '{number,perDay}')::int));
    rule := 'number.perHour';
    retry_after := guard_wait(times, (rules #>> '{number,perHour}')::int, hour, moment);
    if retry_after is not null then return; end if;
    rule := 'number.perDay';
    retry_after := guard_wait(times, (rules #>> '{number,perDay}')::int, day, moment);
    if retry_after is not null then return; end if;

    -- 3. The calls among them.
    if p_channel = 'voice' then
      times := array(select s.created_at from sends s where s.phone_hash = p_phone and s.channel = 'voice'
        and s.carries_code and counts(s.status, s.receipt_at)
        and (not p_known or s.known or s.verified_at is not null or s.user_id = p_user)
        and s.created_at > moment - make_interval(secs => day)
        order by s.created_at desc
        limit greatest((rules #>> '{number,callsPerHour}')::int, (rules #>> '{number,callsPerDay}')::int));
      rule := 'number.callsPerHour';
      retry_after := guard_wait(times, (rules #>> '{number,callsPerHour}')::int, hour, moment);
      if retry_after is not null then return; end if;
      rule := 'number.callsPerDay';
      retry_after := guard_wait(times, (rules #>> '{number,callsPerDay}')::int, day, moment);
      if retry_after is not null then return; end if;
    end if;

    -- 4. The cooldown of a number that several users have. The cooldown of one user is on the user's row.
    select s.user_id, s.created_at into latest from sends s
    where s.phone_hash = p_phone and s.created_at > moment - make_interval(secs => hour)
      and s.carries_code and may_have_left(s.status, s.receipt_at, s.created_at, moment)
    order by s.created_at desc limit 1;
    if found and latest.user_id <> p_user and not p_known then
      select latest.created_at + make_interval(secs =>
        (rules #>> array['cooldowns', (least(count(*), jsonb_array_length(rules -> 'cooldowns')) - 1)::text])::int)
      into since from sends s
      where s.phone_hash = p_phone and s.created_at > moment - make_interval(secs => hour)
        and s.carries_code and may_have_left(s.status, s.receipt_at, s.created_at, moment);
      rule := 'number.cooldown';
      retry_after := guard_seconds(since, moment);
      if since > moment then return; end if;
    end if;
  end if;

  rule := null; retry_after := null;
end $$;
