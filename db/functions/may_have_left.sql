-- Decides whether the message of a row of the ledger left, or may still leave, as seen at `moment`.
--
-- `status`, `receipt_at` and `created_at` are columns of the row. A hand-over ends within 5 s of its row: a message that
-- is queued for longer belongs to an instance that has gone, and never left.
create or replace function may_have_left(status text, receipt_at timestamptz, created_at timestamptz, moment timestamptz)
returns boolean language sql immutable as $$
  select counts(status, receipt_at) and (status <> 'queued' or created_at > moment - interval '5 seconds')
$$;
