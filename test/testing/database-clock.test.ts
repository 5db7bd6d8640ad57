import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'
import t from 'tap'
import { advanceDatabase } from '../../testing/database-clock.ts'
import { createTestDatabase } from '../support/postgres.ts'

const DAY = 86_400

/** Other SQL expressions for the time, which the test clock cannot move. */
const OTHER_TIMES =
  /clock_timestamp|statement_timestamp|transaction_timestamp|current_(?:timestamp|date|time)|localtime|'now'/i

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`)

t.test('reads the time only with now() in every statement', async (t) => {
  const files = [...filesIn('src/store'), ...filesIn('src/factors'), ...filesIn('db')]
  t.ok(files.length > 30)
  // The check for clock differences must read the server's real clock.
  const statements = files.filter((path) => path !== 'src/store/readiness/server-facts.ts')
  for (const path of statements) t.notMatch(readFileSync(path, 'utf8'), OTHER_TIMES, path)
})

t.test('advances the time for open connections, prepared statements and column defaults', async (t) => {
  const url = await createTestDatabase(t)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  const run = (text: string, values?: unknown[]) => client.query(text, values)
  const lag = async () => {
    const { rows } = await client.query({
      name: 'lag',
      text: 'select extract(epoch from now() - pg_catalog.now())::int as s',
    })
    return rows[0].s
  }
  t.equal(await lag(), 0)
  await advanceDatabase(run, DAY)
  t.equal(await lag(), DAY, 'the prepared statement uses the new time')
  await advanceDatabase(run, 1.5)
  await advanceDatabase(run, 0.5)
  t.equal(await lag(), DAY + 2, 'two steps add up')

  const { rows: left } = await client.query(`
    select adrelid::regclass::text as table from pg_attrdef
    where pg_get_expr(adbin, adrelid) ~ 'pg_catalog\\.now\\(\\)'`)
  t.same(left, [], 'every default uses the test clock')
  await client.query(`insert into invites (invite_hash, expires_at) values (sha256('x'), now())`)
  const { rows } = await client.query('select created_at = expires_at as same from invites')
  t.same(rows, [{ same: true }])
})
