/** Runs one statement and returns its rows. */
type Query = (text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>

/**
 * Returns a digest for each table of the schema `public`. Equal digests mean that nothing was written, or that it was
 * rolled back. Tables in `except` are left out; they need not exist.
 */
export const digestTables = async (sql: Query, except: readonly string[] = []): Promise<Record<string, string>> => {
  const tables = await sql(
    `select tablename as name, quote_ident(tablename) as quoted, quote_literal(tablename) as literal
     from pg_tables where schemaname = 'public' and tablename <> all($1) order by tablename`,
    [except],
  )
  const digests = tables.map(
    ({ quoted, literal }) =>
      `select ${literal} as name, md5(coalesce(string_agg(t::text, '' order by t::text), '')) as digest from public.${quoted} t`,
  )
  const rows = await sql(digests.join(' union all '))
  return Object.fromEntries(rows.map(({ name, digest }) => [String(name), String(digest)]))
}
