import { type Kysely, sql } from 'kysely'

/**
 * The rules of the guard, a function each: it locks what it counts by, looks, and names the rule that objects and the
 * seconds until it would not; no rule, no objection. The order of the locks is that of the calls in `guard_send`.
 */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create function guard_caps(
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
      if rules ? 'user' then
        times := array(select s.created_at from sends s where s.user_id = p_user and counts(s.status, s.receipt_at)
          and s.created_at > moment - make_interval(secs => hour)
          order by s.created_at desc limit (rules #>> '{user,perHour}')::int);
        rule := 'user.perHour';
        retry_after := guard_wait(times, (rules #>> '{user,perHour}')::int, hour, moment);
        if retry_after is not null then return; end if;
      end if;

      if rules ? 'number' then
        -- What strangers have sent to a number must not keep out whom it belongs to.
        times := array(select s.created_at from sends s where s.phone_hash = p_phone and counts(s.status, s.receipt_at)
          and (not p_known or s.user_id = p_user) and s.created_at > moment - make_interval(secs => day)
          order by s.created_at desc limit (rules #>> '{number,perDay}')::int);
        rule := 'number.perHour';
        retry_after := guard_wait(times, (rules #>> '{number,perHour}')::int, hour, moment);
        if retry_after is not null then return; end if;
        rule := 'number.perDay';
        retry_after := guard_wait(times, (rules #>> '{number,perDay}')::int, day, moment);
        if retry_after is not null then return; end if;

        if p_channel = 'voice' then
          times := array(select s.created_at from sends s where s.phone_hash = p_phone and s.channel = 'voice'
            and (not p_known or s.user_id = p_user)
            and counts(s.status, s.receipt_at) and s.created_at > moment - make_interval(secs => day)
            order by s.created_at desc limit (rules #>> '{number,callsPerDay}')::int);
          rule := 'number.callsPerHour';
          retry_after := guard_wait(times, (rules #>> '{number,callsPerHour}')::int, hour, moment);
          if retry_after is not null then return; end if;
          rule := 'number.callsPerDay';
          retry_after := guard_wait(times, (rules #>> '{number,callsPerDay}')::int, day, moment);
          if retry_after is not null then return; end if;
        end if;

        -- The user's own cooldown is on their row; this one is for a number that several users have.
        select s.user_id, s.created_at into latest from sends s
        where s.phone_hash = p_phone and s.created_at > moment - make_interval(secs => hour)
          and counts(s.status, s.receipt_at)
        order by s.created_at desc limit 1;
        if found and latest.user_id <> p_user and not p_known then
          select latest.created_at + make_interval(secs =>
            (rules #>> array['cooldowns', (least(count(*), jsonb_array_length(rules -> 'cooldowns')) - 1)::text])::int)
          into since from sends s
          where s.phone_hash = p_phone and s.created_at > moment - make_interval(secs => hour)
            and counts(s.status, s.receipt_at);
          rule := 'number.cooldown';
          retry_after := guard_seconds(since, moment);
          if since > moment then return; end if;
        end if;
      end if;
      rule := null; retry_after := null;
    end $$`.execute(db)

  await sql`
    create function guard_origin(
      moment timestamptz, rules jsonb, p_address text, p_network text, out rule text, out retry_after integer
    ) language plpgsql as $$
    declare
      hour constant double precision := 3600;
      times timestamptz[];
    begin
      if rules ? 'address' then
        perform guard_lock('address', p_address);
        times := array(select s.created_at from sends s where s.address = p_address and not s.known
          and counts(s.status, s.receipt_at)
          and s.created_at > moment - make_interval(secs => hour)
          order by s.created_at desc limit (rules #>> '{address,perHour}')::int);
        rule := 'address.perHour';
        retry_after := guard_wait(times, (rules #>> '{address,perHour}')::int, hour, moment);
        if retry_after is not null then return; end if;
      end if;
      if rules ? 'network' then
        perform guard_lock('network', p_network);
        times := array(select s.created_at from sends s where s.network = p_network and not s.known
          and counts(s.status, s.receipt_at)
          and s.created_at > moment - make_interval(secs => hour)
          order by s.created_at desc limit (rules #>> '{network,perHour}')::int);
        rule := 'network.perHour';
        retry_after := guard_wait(times, (rules #>> '{network,perHour}')::int, hour, moment);
        if retry_after is not null then return; end if;
      end if;
      rule := null; retry_after := null;
    end $$`.execute(db)

  await sql`
    create function guard_prefix(
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
      -- What was sent before a block was lifted, or had run out, is behind us. A caller that waited may find one.
      select b.* into block from guard_blocks b where b.scope = 'prefix' and b.target = p_prefix;
      if block.lifted_at is null and block.ends_at > moment then
        rule := block.rule; retry_after := guard_seconds(block.ends_at, moment);
        return;
      end if;
      since := greatest(moment - make_interval(secs => hour), coalesce(block.lifted_at, block.ends_at));
      select count(*) + 1 as sends, count(distinct s.phone_hash)
          + case when bool_or(s.phone_hash = p_phone) then 0 else 1 end as numbers,
        count(distinct s.phone_hash) filter (where s.verified_at is not null) as verified
      into sent from (select s.* from sends s where s.prefix = p_prefix and not s.known
        and counts(s.status, s.receipt_at)
        and s.created_at > since order by s.created_at desc limit 1000) s;
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

      if rule in ('prefix', 'consecutive') then
        perform guard_open('prefix', p_prefix, rule, moment, (rules #>> '{prefix,blockFor}')::float,
          (rules #>> '{prefix,longestBlock}')::float);
        retry_after := (select guard_seconds(b.ends_at, moment) from guard_blocks b
          where b.scope = 'prefix' and b.target = p_prefix);
        return;
      end if;
    end $$`.execute(db)

  await sql`
    create function guard_country(
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
      select b.* into block from guard_blocks b where b.scope = 'country' and b.target = coalesce(p_country, '-');
      if block.lifted_at is null and block.ends_at > moment then
        rule := block.rule; retry_after := guard_seconds(block.ends_at, moment);
        return;
      end if;
      rule := 'conversion';
      if block.rule = 'conversion' and block.lifted_at is null then
        -- Half open: a few find out whether codes are entered again.
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
        -- People count and not codes, and only those whom a code may have reached: a company that is down, or a user
        -- who asks again and again, says nothing about a country.
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
    end $$`.execute(db)
}
