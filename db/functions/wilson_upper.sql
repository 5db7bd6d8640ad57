-- Returns the upper bound of the 95 % Wilson score interval for a share of `hits` in `tries`: the largest share that a small
-- sample still allows for. 1 when there are no tries.
create or replace function wilson_upper(hits bigint, tries bigint) returns double precision language sql immutable as $$
  select case when tries = 0 then 1 else
    (share + z * z / (2 * tries) + z * sqrt(share * (1 - share) / tries + z * z / (4.0 * tries * tries)))
      / (1 + z * z / tries) end
  from (select 1.96::double precision as z, hits / greatest(tries, 1)::double precision as share) x
$$;
