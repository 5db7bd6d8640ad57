-- Opens a block of a prefix or a country, and tells the operator.
--
-- `p_scope` is 'prefix' or 'country', `p_target` the digits or the ISO country, and `p_rule` the rule that opens it at
-- `moment`. A block lasts `seconds`. Each block that follows on the one before, within `longest`, lasts twice as long, up
-- to `longest` seconds. A block that an operator made or lifted starts the series anew.
--
-- The caller holds the advisory lock of the target; the function locks the row of the block.
create or replace function guard_open(
  p_scope text, p_target text, p_rule text, moment timestamptz, seconds double precision, longest double precision
) returns void language plpgsql as $$
declare
  block guard_blocks;
begin
  insert into guard_blocks as b (scope, target, rule, starts_at, ends_at)
  values (p_scope, p_target, p_rule, moment, moment + make_interval(secs => seconds))
  on conflict (scope, target) do update set
    rule = p_rule, starts_at = moment, lifted_at = null,
    strikes = case when b.rule <> 'operator' and b.lifted_at is null and b.ends_at > moment - make_interval(secs => longest)
      then b.strikes + 1 else 1 end,
    ends_at = moment + make_interval(secs => case
      when b.rule <> 'operator' and b.lifted_at is null and b.ends_at > moment - make_interval(secs => longest)
      then least(longest, seconds * power(2, least(b.strikes, 20))) else seconds end)
  returning b.* into block;
  insert into events (type, data) values ('guard.opened', jsonb_build_object(
    'scope', p_scope, 'target', p_target, 'rule', p_rule, 'until', block.ends_at, 'strikes', block.strikes));
end $$;
