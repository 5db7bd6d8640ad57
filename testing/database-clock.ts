/**
 * Time in a database of tests. Every statement and function of ours asks `now()`, which Postgres looks up by the search
 * path like any other name: one that stands before the catalogue's is told how far time has been moved. So all that is
 * stored stays as it was written, and no table can be forgotten.
 */

/** Runs a statement on the database in question. */
export type RunSql = (text: string, values?: unknown[]) => Promise<unknown>

/** New tables are made in the first schema, and the catalogue must not be it. */
const SEARCH_PATH = 'public,doorcode_clock,pg_catalog'

/** The address of the same database for those who look for the clock there. Until there is one, time is the server's. */
export const withDatabaseClock = (url: string): string => {
  const changed = new URL(url)
  changed.searchParams.set('options', `-c search_path=${SEARCH_PATH}`)
  // The tools of Postgres do not read a plus as a space.
  changed.search = changed.search.replaceAll('+', '%20')
  return changed.href
}

/** Defaults of columns name the function that was found when they were made. */
const MAKE_CLOCK = `
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

/** Makes the clock of a migrated database, so that copies of it have one. `advanceDatabase` does it where it is missing. */
export const makeDatabaseClock = async (run: RunSql): Promise<void> => {
  await run(MAKE_CLOCK)
}

/** Lets this many seconds pass, as far as the database knows. Throws unless it was prepared and is migrated. */
export const advanceDatabase = async (run: RunSql, seconds: number): Promise<void> => {
  await makeDatabaseClock(run)
  await run('insert into doorcode_clock.advances values (make_interval(secs => $1))', [seconds])
}
