import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import { providers } from '../src/providers/index.ts'
import { loadSettings } from '../src/settings/load.ts'
import { startHousekeeping } from '../src/start/housekeeping.ts'
import { createLogger } from '../src/start/logger.ts'
import { createDatabase } from '../src/store/database.ts'
import { BATCH } from '../src/store/housekeeping/retention-rules.ts'
import { createTestDatabase, query } from './support/postgres.ts'

const ROWS = 20_000

const setUp = async (t: Test) => {
  const url = await createTestDatabase(t)
  const database = createDatabase({ url, poolSize: 2, onIdleError: () => {} })
  t.teardown(() => database.close())
  const lines: Record<string, unknown>[] = []
  const logger = createLogger('debug', { write: (line: string) => void lines.push(JSON.parse(line)) })
  await query(url, `insert into used_nonces select sha256(x::text::bytea), now() from generate_series(1, ${ROWS}) x`)
  const count = async () => Number((await query(url, 'select count(*)::int from used_nonces'))[0]!['count'])
  const start = () => {
    const background = new AsyncDisposableStack()
    const settings = loadSettings({ env: {}, providers })
    startHousekeeping(background, { settings, logger }, { database, firstPrune: 1 })
    return { stop: () => background.disposeAsync() }
  }
  const waitForEvent = async (event: string) => {
    for (let waited = 0; waited < 20_000; waited += 10) {
      const line = lines.find((one) => one['event'] === event)
      if (line) return line
      await sleep(10)
    }
    throw new Error(`no line has the event ${event}`)
  }
  return { url, count, start, waitForEvent }
}

t.test('deletes expired data while the server runs', async (t) => {
  const { count, start, waitForEvent } = await setUp(t)
  const background = start()
  t.match(await waitForEvent('pruned'), { ended: 'done', nonces: ROWS, challenges: 0, level: 'info' })
  t.equal(await count(), 0)
  await background.stop()
})

t.test('waits at a stop for the running batch, and starts no other', async (t) => {
  const { url, count, start, waitForEvent } = await setUp(t)
  await query(
    url,
    `create function linger() returns trigger language plpgsql as 'begin perform pg_sleep(0.5); return null; end'`,
  )
  await query(url, 'create trigger linger before delete on used_nonces for each statement execute function linger()')
  const underWay = `select from pg_stat_activity
    where datname = current_database() and state = 'active' and query like '%delete from "used_nonces"%'
      and pid <> pg_backend_pid()`
  const background = start()
  while ((await query(url, underWay)).length === 0) {}
  const before = performance.now()
  await background.stop()
  t.ok(performance.now() - before < 2_000)
  t.strictSame(await query(url, underWay), [])
  t.equal(await count(), ROWS - BATCH)
  t.match(await waitForEvent('pruned'), { ended: 'stopped', nonces: BATCH })
  await sleep(700)
  t.equal(await count(), ROWS - BATCH)
})

t.test('logs at debug level that another instance is pruning', async (t) => {
  const { url, count, start, waitForEvent } = await setUp(t)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('begin')
  await client.query(`select pg_advisory_xact_lock(hashtextextended('doorcode housekeeping', 0))`)
  const background = start()
  t.match(await waitForEvent('prune_left'), { level: 'debug' })
  t.equal(await count(), ROWS)
  await background.stop()
  await client.end()
})
