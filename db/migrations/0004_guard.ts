import { type Kysely, sql } from 'kysely'

/**
 * The toll-fraud guard as the database runs it: one call decides on one message, and what it counts is the ledger itself.
 *
 * A function and not a statement, because each query in it sees what was committed before it began: so that a caller that
 * waited for a lock counts what the one before it has sent. It takes its locks in one order (number, address, network,
 * prefix, country, budgets), so that two sends cannot deadlock. The numbers of all rules come with the call, see
 * `guard-rules.ts`; a rule that they leave out is off.
 */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create function guard_lock(kind text, key text) returns void language sql as
    $$ select pg_advisory_xact_lock(hashtextextended(kind || ' ' || key, 0)) $$`.execute(db)

  await sql`
    create function guard_seconds(until timestamptz, moment timestamptz) returns integer language sql immutable as
    $$ select greatest(1, ceil(extract(epoch from until - moment)))::int $$`.execute(db)

  // The upper end of Wilson's 95 % interval for a share.
  await sql`
    create function wilson_upper(hits bigint, tries bigint) returns double precision language sql immutable as $$
      select case when tries = 0 then 1 else
        (share + z * z / (2 * tries) + z * sqrt(share * (1 - share) / tries + z * z / (4.0 * tries * tries)))
          / (1 + z * z / tries) end
      from (select 1.96::double precision as z, hits / greatest(tries, 1)::double precision as share) x
    $$`.execute(db)

  // Opens a block, or opens it again for twice as long, and tells the operators.
  await sql`
    create function guard_open(
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
    end $$`.execute(db)

  // How long until a message may go that these sends of before hold up: null for not at all.
  await sql`
    create function guard_wait(times timestamptz[], most integer, seconds double precision, moment timestamptz)
    returns integer language sql immutable as $$
      select guard_seconds(times[most] + make_interval(secs => seconds), moment)
      where times[most] > moment - make_interval(secs => seconds)
    $$`.execute(db)
}
