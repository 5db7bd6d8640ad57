import { type Kysely, sql } from 'kysely'

/**
 * The decision on one message. `send` takes it and has counted it in the budgets; `wait` is a cap on user, number,
 * address or network that time opens again; `blocked` is a block or an empty budget; `check` asks for a human first.
 */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  // Locks both budgets before it judges either; takes nothing, for a check may still come first.
  await sql`
    create function guard_budget(
      moment timestamptz, rules jsonb, scopes text[], p_price numeric, p_known boolean,
      out rule text, out retry_after integer, out soft boolean
    ) language plpgsql as $$
    declare
      today date := (moment at time zone 'UTC')::date;
      cap jsonb;
      budget send_budgets;
      share numeric;
    begin
      soft := false;
      insert into send_budgets (scope, day) select unnest(scopes), today on conflict do nothing;
      for budget in
        select b.* from send_budgets b where b.day = today and b.scope = any (scopes)
        order by b.scope desc for update
      loop
        cap := coalesce(rules -> 'budgets' -> budget.scope,
          case when budget.scope <> '*' then rules -> 'budgets' -> 'each' end);
        continue when cap is null;
        -- A tenth of less than ten messages is none: a small budget is for everybody.
        share := case when p_known then 0 else (rules #>> '{budget,reserve}')::numeric end;
        if budget.messages + 1 > (cap ->> 'messages')::numeric - floor(share * (cap ->> 'messages')::numeric)
          or budget.cost + coalesce(p_price, 0) > (1 - share) * (cap ->> 'cost')::numeric
        then
          if budget.hard_at is null then
            update send_budgets b set hard_at = moment where b.scope = budget.scope and b.day = today;
            insert into events (type, data) values ('budget.hard', jsonb_build_object('scope', budget.scope,
              'day', today, 'messages', budget.messages, 'cost', budget.cost, 'budget', cap));
          end if;
          rule := 'budget'; retry_after := guard_seconds((today + 1)::timestamp at time zone 'UTC', moment);
          return;
        end if;
        share := (rules #>> '{budget,soft}')::numeric;
        if budget.messages + 1 >= share * (cap ->> 'messages')::numeric
          or budget.cost + coalesce(p_price, 0) >= share * (cap ->> 'cost')::numeric
        then
          soft := true;
          if budget.soft_at is null then
            update send_budgets b set soft_at = moment where b.scope = budget.scope and b.day = today;
            insert into events (type, data) values ('budget.soft', jsonb_build_object('scope', budget.scope,
              'day', today, 'messages', budget.messages, 'cost', budget.cost, 'budget', cap));
          end if;
        end if;
      end loop;
    end $$`.execute(db)

  await sql`
    create function guard_send(
      moment timestamptz, rules jsonb, p_user uuid, p_number text, p_phone bytea, p_prefix text, p_country text,
      p_channel text, p_address text, p_network text, p_price numeric, p_safe boolean, p_human boolean,
      out verdict text, out rule text, out retry_after integer, out known boolean
    ) language plpgsql as $$
    declare
      block guard_blocks;
      scopes constant text[] := array[coalesce(p_country, '-'), '*'];
      suspicious boolean := false;
      soft boolean;
    begin
      verdict := 'wait';
      perform guard_lock('number', encode(p_phone, 'hex'));
      known := exists (select from sends s where s.phone_hash = p_phone and s.user_id = p_user
        and s.created_at > moment - interval '30 days' and s.verified_at is not null);

      -- Blocks by hand hold for everybody; the others are of rules that known users pass and that may be off by now.
      select b.* into block from guard_blocks b
      where b.lifted_at is null and b.ends_at > moment
        and (b.rule = 'operator' or not known and not p_safe
          and rules ? case b.scope when 'prefix' then 'prefix' else 'conversion' end)
        and case when b.scope = 'country' then b.target = p_country
          when b.rule = 'operator' then starts_with(p_number, b.target) else b.target = p_prefix end
      order by b.rule <> 'operator', b.ends_at desc limit 1;
      if found then
        verdict := 'blocked'; rule := block.rule; retry_after := guard_seconds(block.ends_at, moment);
        return;
      end if;

      select g.rule, g.retry_after into rule, retry_after
      from guard_caps(moment, rules, p_user, p_phone, p_channel, known) g;
      if rule is not null then return; end if;

      if not known and not p_safe then
        select g.rule, g.retry_after into rule, retry_after from guard_origin(moment, rules, p_address, p_network) g;
        if rule is not null then return; end if;
        verdict := 'blocked';
        if rules ? 'prefix' then
          select g.rule, g.retry_after, g.suspicious into rule, retry_after, suspicious
          from guard_prefix(moment, rules, p_number, p_phone, p_prefix) g;
          if rule is not null then return; end if;
        end if;
        if rules ? 'conversion' then
          select g.rule, g.retry_after into rule, retry_after from guard_country(moment, rules, p_country) g;
          if rule is not null then return; end if;
        end if;
      end if;

      -- Budgets come last: only what is sent is taken from them.
      verdict := 'blocked';
      select g.rule, g.retry_after, g.soft into rule, retry_after, soft
      from guard_budget(moment, rules, scopes, p_price, known) g;
      if rule is not null then return; end if;
      if (suspicious or soft) and not known and not p_human and (rules ->> 'humanCheck')::boolean then
        verdict := 'check'; rule := 'human';
        return;
      end if;
      update send_budgets b set messages = messages + 1, cost = cost + coalesce(p_price, 0)
      where b.day = (moment at time zone 'UTC')::date and b.scope = any (scopes);
      verdict := 'send';
    end $$`.execute(db)
}
