import pg from 'pg'
import t, { type Test } from 'tap'
import { EVENT_WAITS } from '../../src/core/audit/event-ports.ts'
import { LONGEST_TRY } from '../../src/core/outbox.ts'
import { createDatabase } from '../../src/store/database.ts'
import { createEventOutbox } from '../../src/store/outbox/events.ts'
import { createTestDatabase, query } from '../support/postgres.ts'

/** Creates two instances on one outbox. */
const setUp = async (t: Test) => {
  const url = await createTestDatabase(t)
  const outboxes = [0, 1].map(() => {
    const database = createDatabase({ url, poolSize: 4, onIdleError: () => {} })
    t.teardown(() => database.close())
    return createEventOutbox(database)
  })
  const sql = (text: string, values?: unknown[]) => query(url, text, values)
  const add = (count: number) =>
    sql(
      `insert into events (type, data, created_at)
       select 'account.locked', jsonb_build_object('nth', nth), now() - interval '1 hour' + nth * interval '1 s'
       from generate_series(1, $1::int) nth order by nth desc`,
      [count],
    )
  const makeDue = () => sql('update events set next_attempt_at = now()')
  return { url, sql, add, makeDue, outbox: outboxes[0]!, other: outboxes[1]! }
}

t.test('claims due events oldest first, up to the limit', async (t) => {
  const { outbox, add, sql } = await setUp(t)
  // Without the index, the query plan cannot order them.
  await sql('drop index events_waiting')
  await add(5)
  await sql(`insert into events (type, data, next_attempt_at) values ('later', '{}', now() + interval '1 minute')`)
  await sql(`update events set next_attempt_at = created_at where type <> 'later'`)
  const first = await outbox.claim(3)
  t.match(first, [{ data: { nth: 1 } }, { data: { nth: 2 } }, { data: { nth: 3 } }])
  t.match(first[0], { id: /^[0-9a-f-]{36}$/, type: 'account.locked', createdAt: Date, attempts: 1 })
  t.match(await outbox.claim(3), [{ data: { nth: 4 } }, { data: { nth: 5 } }])
  t.strictSame(await outbox.claim(3), [])
})

t.test('parallel claims never return the same event', async (t) => {
  const { outbox, other, add } = await setUp(t)
  await add(100)
  const claims = await Promise.all(
    Array.from({ length: 30 }, (_, nth) => (nth % 2 === 0 ? outbox : other)).map((claimer) => claimer.claim(7)),
  )
  const ids = claims.flat().map(({ id }) => id)
  t.equal(new Set(ids).size, ids.length)
  t.equal(ids.length, 100)
})

t.test('a claim skips events locked by another claim instead of waiting', async (t) => {
  const { url, outbox, add } = await setUp(t)
  await add(3)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('begin')
  await client.query('select from events order by created_at limit 1 for update')
  const claimed = await outbox.claim(10)
  await client.query('rollback')
  await client.end()
  t.match(claimed, [{ data: { nth: 2 } }, { data: { nth: 3 } }])
  t.match(await outbox.claim(10), [{ data: { nth: 1 } }])
})

t.test('retries on the schedule of Standard Webhooks with up to 10 % jitter, then gives up', async (t) => {
  const { outbox, add, sql, makeDue } = await setUp(t)
  t.strictSame(
    EVENT_WAITS.map((seconds) => seconds / 60),
    [5 / 60, 5, 30, 120, 300, 600, 840, 1_200, 1_440],
  )
  await add(1)
  for (const [nth, wait] of [...EVENT_WAITS, 0].entries()) {
    await makeDue()
    t.match(await outbox.claim(10), [{ attempts: nth + 1 }])
    const [row] = await sql(
      'select attempts, abandoned_at, extract(epoch from next_attempt_at - now())::float as due from events',
    )
    t.match(row, { attempts: nth + 1, abandoned_at: null })
    const due = (row!['due'] as number) - LONGEST_TRY
    t.ok(due > wait - 2 && due <= wait * 1.1, `${wait} s after the attempt: ${due}`)
  }
  t.strictSame(await outbox.claim(10), [], 'the last attempt is still running')
  await makeDue()
  t.strictSame(await outbox.claim(10), [])
  t.match(await sql('select attempts, abandoned_at from events'), [{ attempts: 10, abandoned_at: Date }])
  await makeDue()
  t.strictSame(await outbox.claim(10), [])
})

t.test('never claims delivered or abandoned events again', async (t) => {
  const { outbox, other, add, sql, makeDue } = await setUp(t)
  await add(1)
  const { id } = (await outbox.claim(1))[0]!
  await outbox.done(id)
  await makeDue()
  t.strictSame(await other.claim(1), [])
  await outbox.giveUp(id)
  t.match(await sql('select delivered_at, abandoned_at from events'), [{ delivered_at: Date, abandoned_at: null }])

  await add(1)
  const second = (await outbox.claim(1))[0]!
  await other.giveUp(second.id)
  await makeDue()
  t.strictSame(await other.claim(1), [])
  await outbox.done(second.id)
  t.match(await sql('select count(*) from events where delivered_at is not null and abandoned_at is null'), [
    { count: '2' },
  ])
})
