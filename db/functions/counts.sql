-- Decides whether a row of the ledger counts: whether its message has cost money, or may have.
--
-- A message that surely never left (`failed`) counts nowhere. `receipt_at` is set when a provider reported the status: a
-- provider that reports a failure has taken the message, so that one counts.
create or replace function counts(status text, receipt_at timestamptz) returns boolean language sql immutable as
$$ select status <> 'failed' or receipt_at is not null $$;
