import { type Kysely, sql } from 'kysely'

/**
 * The decision on one message. `send` takes it and has counted it in the budgets; `wait` is a cap on user, number,
 * address or network that time opens again; `blocked` is a block or an empty budget; `check` asks for a human first.
 */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create function guard_send(
      moment timestamptz, rules jsonb, p_user uuid, p_number text, p_phone bytea, p_prefix text, p_country text,
      p_channel text, p_address text, p_network text, p_price numeric, p_safe boolean, p_human boolean,
      out verdict text, out rule text, out retry_after integer, out known boolean
    ) language plpgsql as $$
    declare
      hour constant double precision := 3600;
      day constant double precision := 86400;
      block guard_blocks;
      times timestamptz[];
      latest record;
      sent record;
      since timestamptz;
      longest_run bigint;
      mean double precision;
      upper_bound double precision;
      needs_human boolean := false;
      cap jsonb;
      room numeric;
      budget send_budgets;
      scopes text[] := array[coalesce(p_country, '-'), '*'];
      today date := (moment at time zone 'UTC')::date;
    begin
      verdict := 'wait';
      perform guard_lock('number', encode(p_phone, 'hex'));
      known := exists (select from sends s where s.phone_hash = p_phone and s.user_id = p_user
        and s.created_at > moment - interval '30 days' and s.verified_at is not null);

      -- Blocks by hand hold for everybody; the others were made by rules that known users pass.
      select b.* into block from guard_blocks b
      where b.lifted_at is null and b.ends_at > moment and (b.rule = 'operator' or not known and not p_safe)
        and case when b.scope = 'country' then b.target = p_country
          when b.rule = 'operator' then starts_with(p_number, b.target) else b.target = p_prefix end
      order by b.rule <> 'operator', b.ends_at desc limit 1;
      if found then
        verdict := 'blocked'; rule := block.rule; retry_after := guard_seconds(block.ends_at, moment);
        return;
      end if;

      if rules ? 'user' then
        times := array(select s.created_at from sends s where s.user_id = p_user and counts(s.status, s.receipt_at)
          and s.created_at > moment - make_interval(secs => hour)
          order by s.created_at desc limit (rules #>> '{user,perHour}')::int);
        rule := 'user.perHour';
        retry_after := guard_wait(times, (rules #>> '{user,perHour}')::int, hour, moment);
        if retry_after is not null then return; end if;
      end if;

      if rules ? 'number' then
        times := array(select s.created_at from sends s where s.phone_hash = p_phone and counts(s.status, s.receipt_at)
          and s.created_at > moment - make_interval(secs => day)
          order by s.created_at desc limit (rules #>> '{number,perDay}')::int);
        rule := 'number.perHour';
        retry_after := guard_wait(times, (rules #>> '{number,perHour}')::int, hour, moment);
        if retry_after is not null then return; end if;
        rule := 'number.perDay';
        retry_after := guard_wait(times, (rules #>> '{number,perDay}')::int, day, moment);
        if retry_after is not null then return; end if;

        if p_channel = 'voice' then
          times := array(select s.created_at from sends s where s.phone_hash = p_phone and s.channel = 'voice'
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
        where s.phone_hash = p_phone and s.created_at > moment - make_interval(secs => hour) and counts(s.status, s.receipt_at)
        order by s.created_at desc limit 1;
        if found and latest.user_id <> p_user then
          select latest.created_at + make_interval(secs =>
            (rules #>> array['cooldowns', (least(count(*), jsonb_array_length(rules -> 'cooldowns')) - 1)::text])::int)
          into since from sends s
          where s.phone_hash = p_phone and s.created_at > moment - make_interval(secs => hour) and counts(s.status, s.receipt_at);
          rule := 'number.cooldown';
          retry_after := guard_seconds(since, moment);
          if since > moment then return; end if;
        end if;
      end if;

      if not known and not p_safe then
        if rules ? 'address' then
          perform guard_lock('address', p_address);
          times := array(select s.created_at from sends s where s.address = p_address and not s.known and counts(s.status, s.receipt_at)
            and s.created_at > moment - make_interval(secs => hour)
            order by s.created_at desc limit (rules #>> '{address,perHour}')::int);
          rule := 'address.perHour';
          retry_after := guard_wait(times, (rules #>> '{address,perHour}')::int, hour, moment);
          if retry_after is not null then return; end if;
        end if;
        if rules ? 'network' then
          perform guard_lock('network', p_network);
          times := array(select s.created_at from sends s where s.network = p_network and not s.known and counts(s.status, s.receipt_at)
            and s.created_at > moment - make_interval(secs => hour)
            order by s.created_at desc limit (rules #>> '{network,perHour}')::int);
          rule := 'network.perHour';
          retry_after := guard_wait(times, (rules #>> '{network,perHour}')::int, hour, moment);
          if retry_after is not null then return; end if;
        end if;
        retry_after := null;
        verdict := 'blocked';

        if rules ? 'prefix' then
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
          into sent from (select s.* from sends s where s.prefix = p_prefix and not s.known and counts(s.status, s.receipt_at)
            and s.created_at > since order by s.created_at desc limit 1000) s;
          if sent.numbers - sent.verified >= (rules #>> '{prefix,unverified}')::float * sent.numbers then
            if sent.sends >= (rules #>> '{prefix,perHour}')::int then
              select count(*) / (24.0 * (rules #>> '{prefix,baselineDays}')::int) into mean from sends s
              where s.prefix = p_prefix and not s.known and counts(s.status, s.receipt_at) and s.created_at <= since
                and s.created_at > moment - make_interval(days => (rules #>> '{prefix,baselineDays}')::int);
              if sent.sends >= mean * (rules #>> '{prefix,timesMean}')::float then rule := 'prefix'; end if;
            end if;
            needs_human :=
              sent.sends >= (rules #>> '{prefix,perHour}')::int * (rules #>> '{prefix,checkFrom}')::float;
          end if;

          if rule is distinct from 'prefix' and rules ? 'consecutive' then
            with numbers as (
              select distinct substr(f.phone, 2)::numeric as number from sends s
              join factors f on f.user_id = s.user_id and starts_with(f.phone, p_prefix)
              where s.prefix = p_prefix and not s.known and counts(s.status, s.receipt_at) and s.created_at > greatest(since,
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
        end if;

        if rules ? 'conversion' then
          perform guard_lock('country', scopes[1]);
          select b.* into block from guard_blocks b where b.scope = 'country' and b.target = scopes[1];
          if block.lifted_at is null and block.ends_at > moment then
            rule := block.rule; retry_after := guard_seconds(block.ends_at, moment);
            return;
          end if;
          rule := 'conversion';
          if block.rule = 'conversion' and block.lifted_at is null then
            -- Half open: a few find out whether codes are entered again.
            select count(*) as sends, count(s.verified_at) as verified, max(s.created_at) as latest into sent
            from sends s where s.country = p_country and not s.known and counts(s.status, s.receipt_at) and s.created_at >= block.ends_at;
            if sent.verified >= (rules #>> '{conversion,verified}')::int then
              update guard_blocks b set lifted_at = moment where b.scope = 'country' and b.target = scopes[1];
            elsif sent.sends >= (rules #>> '{conversion,probes}')::int then
              since := sent.latest + make_interval(secs => (rules ->> 'codeTtl')::int);
              if since <= moment then
                perform guard_open('country', scopes[1], rule, moment, (rules #>> '{conversion,openFor}')::float,
                  (rules #>> '{conversion,longestOpen}')::float);
                select b.ends_at into since from guard_blocks b where b.scope = 'country' and b.target = scopes[1];
              end if;
              retry_after := guard_seconds(since, moment);
              return;
            end if;
          else
            since := greatest(coalesce(block.lifted_at, block.ends_at),
              moment - make_interval(days => (rules #>> '{conversion,baselineDays}')::int));
            select count(*) as sends, count(s.verified_at) as verified into sent from (
              select s.verified_at, s.created_at, row_number() over (order by s.created_at desc) as place from sends s
              where s.country = p_country and not s.known and counts(s.status, s.receipt_at) and s.created_at > since
                and s.created_at <= moment - make_interval(secs => (rules ->> 'codeTtl')::int)
              order by s.created_at desc limit (rules #>> '{conversion,most}')::int
            ) s
            where s.place <= (rules #>> '{conversion,sends}')::int
              or s.created_at > moment - make_interval(secs => (rules #>> '{conversion,within}')::int);
            upper_bound := wilson_upper(sent.verified, sent.sends);
            if upper_bound < (rules #>> '{conversion,shareOfBaseline}')::float then
              select count(s.verified_at)::float / count(*) into mean from (
                select s.verified_at from sends s
                where s.country = p_country and not s.known and counts(s.status, s.receipt_at) and s.created_at > since
                order by s.created_at desc offset sent.sends limit 2000
              ) s having count(*) >= (rules #>> '{conversion,baselineSends}')::int;
              if upper_bound < coalesce(mean * (rules #>> '{conversion,shareOfBaseline}')::float,
                (rules #>> '{conversion,floor}')::float) then
                perform guard_open('country', scopes[1], rule, moment, (rules #>> '{conversion,openFor}')::float,
                  (rules #>> '{conversion,longestOpen}')::float);
                retry_after := (rules #>> '{conversion,openFor}')::int;
                return;
              end if;
            end if;
          end if;
        end if;
      end if;

      -- Budgets come last: only what is sent is taken from them. Both rows are locked before either is judged.
      verdict := 'blocked';
      insert into send_budgets (scope, day) select unnest(scopes), today on conflict do nothing;
      for budget in
        select b.* from send_budgets b where b.day = today and b.scope = any (scopes)
        order by b.scope desc for update
      loop
        cap := coalesce(rules -> 'budgets' -> budget.scope,
          case when budget.scope <> '*' then rules -> 'budgets' -> 'each' end);
        continue when cap is null;
        room := 1 - case when known then 0 else (rules #>> '{budget,reserve}')::numeric end;
        if budget.messages + 1 > room * (cap ->> 'messages')::numeric
          or budget.cost + coalesce(p_price, 0) > room * (cap ->> 'cost')::numeric
        then
          if budget.hard_at is null then
            update send_budgets b set hard_at = moment where b.scope = budget.scope and b.day = today;
            insert into events (type, data) values ('budget.hard', jsonb_build_object('scope', budget.scope,
              'day', today, 'messages', budget.messages, 'cost', budget.cost, 'budget', cap));
          end if;
          rule := 'budget'; retry_after := guard_seconds((today + 1)::timestamp at time zone 'UTC', moment);
          return;
        end if;
        room := (rules #>> '{budget,soft}')::numeric;
        if budget.messages + 1 >= room * (cap ->> 'messages')::numeric
          or budget.cost + coalesce(p_price, 0) >= room * (cap ->> 'cost')::numeric
        then
          needs_human := true;
          if budget.soft_at is null then
            update send_budgets b set soft_at = moment where b.scope = budget.scope and b.day = today;
            insert into events (type, data) values ('budget.soft', jsonb_build_object('scope', budget.scope,
              'day', today, 'messages', budget.messages, 'cost', budget.cost, 'budget', cap));
          end if;
        end if;
      end loop;

      if needs_human and not known and not p_human and (rules ->> 'humanCheck')::boolean then
        verdict := 'check'; rule := 'human'; retry_after := null;
        return;
      end if;
      update send_budgets b set messages = messages + 1, cost = cost + coalesce(p_price, 0)
      where b.day = today and b.scope = any (scopes);
      verdict := 'send'; rule := null; retry_after := null;
    end $$`.execute(db)
}
