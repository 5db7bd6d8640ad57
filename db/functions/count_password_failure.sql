-- Counts one wrong password for a name.
--
-- `p_name` is the key of the name alone; `rules` has `within`, the seconds for which a failure counts. It keeps the latest
-- 100 failures, since more would not make the delay longer. It locks that one counter.
--
-- The commit does not wait for the disk: a crash of the database forgets the failures of its last moment.
create or replace function count_password_failure(p_name bytea, rules jsonb) returns void language plpgsql as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  insert into password_attempts as a (key, times) values (p_name, array[now()])
  on conflict (key) do update set times = array(
    select t from (select t from unnest(a.times || now()) t
      where t > now() - make_interval(secs => (rules ->> 'within')::int) order by t desc limit 100) x order by t);
end $$;
