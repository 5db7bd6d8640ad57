-- Applies the caps on the sender: messages per hour that one address, or one network, may ask for.
--
-- `moment` is the time of the message, and `rules` the policy; a cap that it leaves out is off. `p_address` is the IPv4
-- address or IPv6 /64, `p_network` the /24 or /48 it lies in. `rule` is the cap that is reached, null for none, and
-- `retry_after` the seconds until it no longer is.
--
-- Codes that were entered do not count: they reached people, such as colleagues behind one address. Messages to known users
-- do not count either.
--
-- Locks: the address, then the network.
create or replace function guard_origin(
  moment timestamptz, rules jsonb, p_address text, p_network text, out rule text, out retry_after integer
) language plpgsql as $$
declare
  hour constant double precision := 3600;
  times timestamptz[];
begin
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
end $$;
