-- Keeps the audit trail append-only, as a trigger on `audit_events`: no row is changed, and no row of the last day is
-- deleted, by any statement.
create or replace function keep_audit_event() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and old.created_at < now() - interval '1 day' then return old; end if;
  raise exception 'audit_events is append-only' using errcode = 'integrity_constraint_violation';
end $$;
