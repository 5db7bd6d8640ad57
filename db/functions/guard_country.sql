-- Applies the rule on the conversion of a country: the share of people who enter the code that was sent to them. It works as
-- a circuit breaker: a low share opens a block, and after the block a few messages probe whether codes are entered again.
--
-- `moment` is the time of the message, `rules` the policy, and `p_country` the ISO country of the number, null for none.
-- `rule` is 'conversion' when the rule objects, or the rule of a block, and null for no objection; `retry_after` is the
-- seconds until the rule may no longer object.
--
-- Locks: the country.
create or replace function guard_country(
  moment timestamptz, rules jsonb, p_country text, out rule text, out retry_after integer
) language plpgsql as $$
declare
  block guard_blocks;
  sent record;
  since timestamptz;
  mean double precision;
  upper_bound double precision;
begin
  perform guard_lock('country', coalesce(p_country, '-'));

  -- 1. Is the country blocked? A caller that waited for the lock may find a block that `guard_send` did not see.
  select b.* into block from guard_blocks b where b.scope = 'country' and b.target = coalesce(p_country, '-');
  if block.lifted_at is null and block.ends_at > moment then
    rule := block.rule; retry_after := guard_seconds(block.ends_at, moment);
    return;
  end if;

  rule := 'conversion';
  if block.rule = 'conversion' and block.lifted_at is null then
    -- 2. Half open: a few messages find out whether codes are entered again. Enough entered codes lift the block. If the
    --    probes are used up and their codes have expired, the block opens again.
    select count(*) as sends, count(s.verified_at) as verified, max(s.created_at) as latest into sent
    from sends s where s.country = p_country and not s.known
      and counts(s.status, s.receipt_at) and s.created_at >= block.ends_at;
    if sent.verified >= (rules #>> '{conversion,verified}')::int then
      update guard_blocks b set lifted_at = moment where b.scope = 'country' and b.target = coalesce(p_country, '-');
    elsif sent.sends >= (rules #>> '{conversion,probes}')::int then
      since := sent.latest + make_interval(secs => (rules ->> 'codeTtl')::int);
      if since <= moment then
        perform guard_open('country', coalesce(p_country, '-'), rule, moment, (rules #>> '{conversion,openFor}')::float,
          (rules #>> '{conversion,longestOpen}')::float);
        select b.ends_at into since from guard_blocks b where b.scope = 'country' and b.target = coalesce(p_country, '-');
      end if;
      retry_after := guard_seconds(since, moment);
      return;
    end if;
  else
    since := greatest(coalesce(block.lifted_at, block.ends_at),
      moment - make_interval(days => (rules #>> '{conversion,baselineDays}')::int));

    -- 3. Closed: count the people of the latest messages, and those who entered a code. People count and not codes, and
    --    only people whom a code may have reached and has had time to: a provider that is down, or a user who asks again
    --    and again, says nothing about a country.
    select count(distinct s.phone_hash) as numbers, count(*) as sends,
      count(distinct s.phone_hash) filter (where s.verified_at is not null) as verified
    into sent from (
      select s.phone_hash, s.verified_at, s.created_at, row_number() over (order by s.created_at desc) as place
      from sends s
      where s.country = p_country and not s.known and s.status in ('sent', 'delivered') and s.created_at > since
        and s.created_at <= moment - make_interval(secs => (rules ->> 'codeTtl')::int)
      order by s.created_at desc limit (rules #>> '{conversion,most}')::int
    ) s
    where s.place <= (rules #>> '{conversion,sends}')::int
      or s.created_at > moment - make_interval(secs => (rules #>> '{conversion,within}')::int);
    upper_bound := wilson_upper(sent.verified, sent.numbers);

    -- 4. The share is low, even at the upper bound of what the sample allows for: compare it with the share of the messages
    --    before, where there are enough of them, and with a fixed floor otherwise.
    if sent.numbers >= (rules #>> '{conversion,numbers}')::int
      and upper_bound < greatest((rules #>> '{conversion,shareOfBaseline}')::float,
        (rules #>> '{conversion,floor}')::float) then
      select count(distinct s.phone_hash) filter (where s.verified_at is not null)::float
        / count(distinct s.phone_hash) into mean
      from (
        select s.phone_hash, s.verified_at from sends s
        where s.country = p_country and not s.known and s.status in ('sent', 'delivered') and s.created_at > since
          and s.created_at <= moment - make_interval(secs => (rules ->> 'codeTtl')::int)
        order by s.created_at desc offset sent.sends limit 2000
      ) s having count(*) >= (rules #>> '{conversion,baselineSends}')::int;
      if upper_bound < coalesce(mean * (rules #>> '{conversion,shareOfBaseline}')::float,
        (rules #>> '{conversion,floor}')::float) then
        perform guard_open('country', coalesce(p_country, '-'), rule, moment, (rules #>> '{conversion,openFor}')::float,
          (rules #>> '{conversion,longestOpen}')::float);
        retry_after := (rules #>> '{conversion,openFor}')::int;
        return;
      end if;
    end if;
  end if;

  rule := null; retry_after := null;
end $$;
