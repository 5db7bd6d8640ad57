-- Decides whether one message may go: the guard against toll fraud. It counts by the ledger itself (`sends`), so that no
-- second counter can disagree with it.
--
-- Parameters: `moment` is the time of the message, and `rules` the policy with the numbers of all rules, see
-- src/core/guard/rules.ts; a rule that it leaves out is off. `p_user` is the user. `p_number` is the number in E.164,
-- `p_phone` its HMAC, `p_prefix` its prefix, and `p_country` its ISO country, null for none. `p_channel` is 'sms' or 'voice'.
-- `p_address` and `p_network` say who asks. `p_price` is the estimated price, null for unknown. `p_safe` is true for a
-- destination that the operator trusts, and `p_human` after a human check was passed.
--
-- Results: `verdict` is
--   'send'     the message may go, and was taken from the budgets;
--   'wait'     a cap on the user, number, address or network is reached, until `retry_after`;
--   'blocked'  a block is in force or a budget is used up, until `retry_after`;
--   'check'    a human check must come first.
-- `rule` names the rule that objects, and `retry_after` is in seconds. `known` is true when this user has proven this number
-- within the last 30 days.
--
-- Locks, in this order, so that two messages cannot deadlock: number, address, network, prefix, country, budgets. It is a
-- function and not a statement because each query in it has a snapshot of its own: a caller that waited for a lock counts
-- what the one before it has sent.
create or replace function guard_send(
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
  -- 1. Lock the number. Has this user proven it lately?
  verdict := 'wait';
  perform guard_lock('number', encode(p_phone, 'hex'));
  known := exists (select from sends s where s.phone_hash = p_phone and s.user_id = p_user
    and s.created_at > moment - interval '30 days' and s.verified_at is not null);

  -- 2. Is the prefix or the country blocked? Blocks by an operator apply to everybody. The others belong to rules that known
  --    users pass and that may be off by now.
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

  -- 3. The caps on the user and the number.
  select g.rule, g.retry_after into rule, retry_after
  from guard_caps(moment, rules, p_user, p_phone, p_channel, known) g;
  if rule is not null then return; end if;

  -- 4. The rules against fraud, which known users and safe destinations pass: address and network, prefix, country.
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

  -- 5. The budgets come last: only a message that may go is taken from them.
  verdict := 'blocked';
  select g.rule, g.retry_after, g.soft into rule, retry_after, soft
  from guard_budget(moment, rules, scopes, p_price, known) g;
  if rule is not null then return; end if;

  -- 6. A prefix or a budget that is close to its limit asks users who are not known for a human check.
  if (suspicious or soft) and not known and not p_human and (rules ->> 'humanCheck')::boolean then
    verdict := 'check'; rule := 'human';
    return;
  end if;

  -- 7. Take the message from the budgets.
  update send_budgets b set messages = messages + 1, cost = cost + coalesce(p_price, 0)
  where b.day = (moment at time zone 'UTC')::date and b.scope = any (scopes);
  verdict := 'send';
end $$;
