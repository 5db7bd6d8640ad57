/**
 * The clock of a test database. Postgres finds `now()` through the search path, like every function. A schema before the
 * catalog defines a `now()` that adds the advanced time. Stored rows stay unchanged, and no table can be missed.
 */

/** Runs a statement on a database. */
export type RunSql = (text: string, values?: unknown[]) => Promise<unknown>

/** The search path. New tables are created in the first schema, so the catalog must not be first. */
const SEARCH_PATH = 'public,doorcode_clock,pg_catalog'

/** Returns the URL of the database with the clock in its search path. Without a clock, the time of the server applies. */
export const withDatabaseClock = (url: string): string => {
  const changed = new URL(url)
  changed.searchParams.set('options', `-c search_path=${SEARCH_PATH}`)
  // The tools of Postgres do not decode a plus as a space.
  changed.search = changed.search.replaceAll('+', '%20')
  return changed.href
}

/** Creates the clock. Column defaults are changed too, because they refer to the `now()` of their creation. */
const CREATE_CLOCK = `
  do $$
  declare
    field record;
  begin
    if to_regnamespace('doorcode_clock') is not null then return; end if;
    create schema doorcode_clock;
    create table doorcode_clock.advances (by interval not null);
    create function doorcode_clock.now() returns timestamptz language plpgsql stable as $now$
    begin
      return pg_catalog.now() + coalesce((select sum(by) from doorcode_clock.advances), interval '0');
    end $now$;
    for field in
      select d.adrelid::regclass as owner, a.attname as name, pg_get_expr(d.adbin, d.adrelid) as given
      from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
      where pg_get_expr(d.adbin, d.adrelid) ~ '\\mnow\\(\\)'
    loop
      execute format('alter table %s alter column %I set default %s', field.owner, field.name,
        regexp_replace(field.given, '(pg_catalog\\.)?\\mnow\\(\\)', 'doorcode_clock.now()', 'g'));
    end loop;
  end $$`

/** Creates the clock of a migrated database, so that its copies have one. `advanceDatabase` creates a missing clock too. */
export const makeDatabaseClock = async (run: RunSql): Promise<void> => {
  await run(CREATE_CLOCK)
}

/** Advances the clock of a database by seconds. Throws unless the database is migrated. */
export const advanceDatabase = async (run: RunSql, seconds: number): Promise<void> => {
  await makeDatabaseClock(run)
  await run('insert into doorcode_clock.advances values (make_interval(secs => $1))', [seconds])
}
