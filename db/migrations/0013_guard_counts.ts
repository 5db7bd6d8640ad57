import { type Kysely, sql } from 'kysely'

/**
 * What the guard counts: codes alone, one ceiling for a number over all accounts that have proven it, and for an address
 * or a network only codes that were not entered.
 */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`alter table sends
    -- False for a notice about an account: it is in the ledger, and takes no place among the codes of a number or a user.
    add column carries_code boolean not null default true`.execute(db)
  // Notices alone were entered as known and without an address.
  await sql`update sends set carries_code = false where known and address is null`.execute(db)

  // Whether the message of a row left, or may still leave. A hand-over ends within 5 s of its row; what is queued longer
  // belongs to an instance that is gone.
  await sql`
    create function may_have_left(status text, receipt_at timestamptz, created_at timestamptz, moment timestamptz)
    returns boolean language sql immutable as $$
      select counts(status, receipt_at) and (status <> 'queued' or created_at > moment - interval '5 seconds')
    $$`.execute(db)

  await sql`
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
      if rules ? 'user' then
        times := array(select s.created_at from sends s where s.user_id = p_user and s.carries_code
          and counts(s.status, s.receipt_at) and s.created_at > moment - make_interval(secs => hour)
          order by s.created_at desc limit (rules #>> '{user,perHour}')::int);
        rule := 'user.perHour';
        retry_after := guard_wait(times, (rules #>> '{user,perHour}')::int, hour, moment);
        if retry_after is not null then return; end if;
      end if;

      if rules ? 'number' then
        -- What strangers have sent to a number must not keep its owners out. All accounts that have proven the number
        -- share one ceiling: for them count the codes of known users, the codes that were entered, and their own.
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

        -- The user's own cooldown is on their row; this one is for a number that several users have.
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
    end $$`.execute(db)

  await sql`
    create or replace function guard_origin(
      moment timestamptz, rules jsonb, p_address text, p_network text, out rule text, out retry_after integer
    ) language plpgsql as $$
    declare
      hour constant double precision := 3600;
      times timestamptz[];
    begin
      -- Codes that were entered reached people: colleagues behind one address are no fraud.
      if rules ? 'address' then
        perform guard_lock('address', p_address);
        times := array(select s.created_at from sends s where s.address = p_address and not s.known
          and s.verified_at is null and counts(s.status, s.receipt_at)
          and s.created_at > moment - make_interval(secs => hour)
          order by s.created_at desc limit (rules #>> '{address,perHour}')::int);
        rule := 'address.perHour';
        retry_after := guard_wait(times, (rules #>> '{address,perHour}')::int, hour, moment);
        if retry_after is not null then return; end if;
      end if;
      if rules ? 'network' then
        perform guard_lock('network', p_network);
        times := array(select s.created_at from sends s where s.network = p_network and not s.known
          and s.verified_at is null and counts(s.status, s.receipt_at)
          and s.created_at > moment - make_interval(secs => hour)
          order by s.created_at desc limit (rules #>> '{network,perHour}')::int);
        rule := 'network.perHour';
        retry_after := guard_wait(times, (rules #>> '{network,perHour}')::int, hour, moment);
        if retry_after is not null then return; end if;
      end if;
      rule := null; retry_after := null;
    end $$`.execute(db)
}
