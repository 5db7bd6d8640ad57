-- Judges one more message against the budgets of its day: that of its country and that of all together. It takes nothing
-- from them, for a human check may still come first.
--
-- `moment` is the time of the message, and `rules` the policy: `budgets` by scope, with `messages` and `cost`, and the
-- shares `budget.soft` and `budget.reserve`. `scopes` are the country, or '-', and '*'. `p_price` is the estimated price,
-- null for unknown, and `p_known` true for a known user, who may use the reserve.
--
-- `rule` is 'budget' when a budget is used up, null otherwise, and `retry_after` the seconds until the next day in UTC.
-- `soft` is true when a budget has passed its soft limit. The first message to reach either limit writes an event.
--
-- Locks: both budgets, before either is judged: the country's before the one of all together.
create or replace function guard_budget(
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

    -- 1. Used up? Users who are not known cannot have the reserve. It is rounded down to whole messages: a budget of less
    --    than ten messages has none.
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

    -- 2. Past its soft limit?
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
end $$;
