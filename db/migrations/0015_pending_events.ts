import { type Kysely, sql } from 'kysely'

/** Keeps counts and revocations whatever becomes of the events that follow from them. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  // The event that follows from the latest failure, until it stands in `events`. On the row that counts, so that no fault
  // can write the one without the other; while it is there, no guess is judged.
  await sql`alter table factors add column pending_event jsonb`.execute(db)
  await sql`create index factors_pending_event on factors (user_id) where pending_event is not null`.execute(db)

  // Writes an event if it can. What led to the event stands either way.
  await sql`
    create function write_event(p_type text, p_data jsonb) returns void language plpgsql as $$
    begin
      insert into events (type, data) values (p_type, p_data);
    exception when others then
      raise warning 'event % was not written: %', p_type, sqlerrm;
    end $$`.execute(db)

  // A copied token ends its session or its device, also while no event can be written. Changed in place, because each
  // other line of these functions stays what it is.
  await sql`
    do $$
    declare
      name text;
    begin
      foreach name in array array['refresh_session', 'use_device'] loop
        execute regexp_replace(pg_get_functiondef(name::regproc),
          'insert into events \\(type, data\\) values\\s*\\(', 'perform write_event(', 'g');
      end loop;
    end $$`.execute(db)
}
