-- Applies the rules on a prefix, the number without its last four digits: a burst of codes that are not entered, and codes
-- to numbers in a row. Toll fraud uses ranges of numbers that the attacker has rented.
--
-- `moment` is the time of the message, and `rules` the policy. `p_number` is the number in E.164, `p_phone` its HMAC, and
-- `p_prefix` its prefix. `rule` is the rule that objects, null for none, and `retry_after` the seconds until the block ends.
-- `suspicious` is true when the prefix is half way to a block: the caller should prove to be human.
--
-- Locks: the prefix.
create or replace function guard_prefix(
  moment timestamptz, rules jsonb, p_number text, p_phone bytea, p_prefix text,
  out rule text, out retry_after integer, out suspicious boolean
) language plpgsql as $$
declare
  hour constant double precision := 3600;
  block guard_blocks;
  sent record;
  since timestamptz;
  longest_run bigint;
  mean double precision;
begin
  suspicious := false;
  perform guard_lock('prefix', p_prefix);

  -- 1. Is the prefix blocked? A caller that waited for the lock may find a block that `guard_send` did not see. Messages
  --    from before a block that has ended do not count any more.
  select b.* into block from guard_blocks b where b.scope = 'prefix' and b.target = p_prefix;
  if block.lifted_at is null and block.ends_at > moment then
    rule := block.rule; retry_after := guard_seconds(block.ends_at, moment);
    return;
  end if;
  since := greatest(moment - make_interval(secs => hour), coalesce(block.lifted_at, block.ends_at));

  -- 2. Count the messages of the last hour with this one, their numbers, and the numbers that entered a code.
  select count(*) + 1 as sends, count(distinct s.phone_hash)
      + case when bool_or(s.phone_hash = p_phone) then 0 else 1 end as numbers,
    count(distinct s.phone_hash) filter (where s.verified_at is not null) as verified
  into sent from (select s.* from sends s where s.prefix = p_prefix and not s.known
    and counts(s.status, s.receipt_at)
    and s.created_at > since order by s.created_at desc limit 1000) s;

  -- 3. Most numbers entered none: a burst, if the messages are many, and many times those of an hour in the past days.
  if sent.numbers - sent.verified >= (rules #>> '{prefix,unverified}')::float * sent.numbers then
    if sent.sends >= (rules #>> '{prefix,perHour}')::int then
      select count(*) / (24.0 * (rules #>> '{prefix,baselineDays}')::int) into mean from sends s
      where s.prefix = p_prefix and not s.known and counts(s.status, s.receipt_at) and s.created_at <= since
        and s.created_at > moment - make_interval(days => (rules #>> '{prefix,baselineDays}')::int);
      if sent.sends >= mean * (rules #>> '{prefix,timesMean}')::float then rule := 'prefix'; end if;
    end if;
    suspicious :=
      sent.sends >= (rules #>> '{prefix,perHour}')::int * (rules #>> '{prefix,checkFrom}')::float;
  end if;

  -- 4. Numbers in a row: sort those that entered no code, cut the list at each wide gap, and measure the longest run.
  if rule is distinct from 'prefix' and rules ? 'consecutive' then
    with numbers as (
      select distinct substr(coalesce(c.new_phone, f.phone), 2)::numeric as number from sends s
      left join challenges c on c.challenge_id = s.challenge_id
      join factors f on f.user_id = s.user_id and starts_with(coalesce(c.new_phone, f.phone), p_prefix)
      where s.prefix = p_prefix and not s.known
        and counts(s.status, s.receipt_at) and s.created_at > greatest(since,
        moment - make_interval(secs => (rules #>> '{consecutive,within}')::int))
        and not exists (select from sends v where v.phone_hash = s.phone_hash
          and v.created_at > since and v.verified_at is not null)
      union select substr(p_number, 2)::numeric
    ), gaps as (
      select number, number - lag(number) over (order by number) > (rules #>> '{consecutive,gap}')::int as breaks
      from numbers
    ), runs as (
      select count(*) filter (where breaks) over (order by number) as run from gaps
    )
    select max(size) into longest_run from (select count(*) as size from runs group by run) x;
    if longest_run >= (rules #>> '{consecutive,numbers}')::int then rule := 'consecutive'; end if;
  end if;

  -- 5. Open the block.
  if rule in ('prefix', 'consecutive') then
    perform guard_open('prefix', p_prefix, rule, moment, (rules #>> '{prefix,blockFor}')::float,
      (rules #>> '{prefix,longestBlock}')::float);
    retry_after := (select guard_seconds(b.ends_at, moment) from guard_blocks b
      where b.scope = 'prefix' and b.target = p_prefix);
    return;
  end if;
end $$;
