-- Writes an event for subscribers if it can. If it cannot, it warns in the log of Postgres and goes on: the decision that
-- led to the event stands either way.
--
-- `p_type` is the type, such as 'session.reused', and `p_data` its data.
create or replace function write_event(p_type text, p_data jsonb) returns void language plpgsql as $$
begin
  insert into events (type, data) values (p_type, p_data);
exception when others then
  raise warning 'event % was not written: %', p_type, sqlerrm;
end $$;
