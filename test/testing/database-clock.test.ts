import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'
import t from 'tap'
import { advanceDatabase } from '../../testing/database-clock.ts'
import { createTestDatabase } from '../support/postgres.ts'

const DAY = 86_400

/** Other ways to ask a database for the time, which no clock of ours can move. */
const OTHER_TIMES =
  /clock_timestamp|statement_timestamp|transaction_timestamp|current_(?:timestamp|date|time)|localtime|'now'/i

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`)

t.test('every statement of ours asks for the time in the one way that can be moved', async (t) => {
  const files = [...filesIn('src/store'), ...filesIn('src/factors'), ...filesIn('db')]
  t.ok(files.length > 30)
  // What looks for a wrong clock must see the server's own.
  const statements = files.filter((path) => path !== 'src/store/readiness/server-facts.ts')
  for (const path of statements) t.notMatch(readFileSync(path, 'utf8'), OTHER_TIMES, path)
})

t.test('time passes for what runs already, for what was prepared, and for defaults of every table', async (t) => {
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
  t.equal(await lag(), DAY, 'a statement that was prepared before')
  await advanceDatabase(run, 1.5)
  await advanceDatabase(run, 0.5)
  t.equal(await lag(), DAY + 2, 'one after the other')

  const { rows: left } = await client.query(`
    select adrelid::regclass::text as table from pg_attrdef
    where pg_get_expr(adbin, adrelid) ~ 'pg_catalog\\.now\\(\\)'`)
  t.same(left, [], 'no default was left behind')
  await client.query(`insert into invites (invite_hash, expires_at) values (sha256('x'), now())`)
  const { rows } = await client.query('select created_at = expires_at as same from invites')
  t.same(rows, [{ same: true }])
})
