import { randomUUID } from 'node:crypto'
import t from 'tap'
import { createDatabase } from '../../src/store/database.ts'
import { createGuardAdmin } from '../../src/store/guard/index.ts'
import { createGuardDatabase, NOON, rulesAlone } from '../support/guard-database.ts'

const guard = await createGuardDatabase(t)
const database = createDatabase({ url: guard.url, poolSize: 1, onIdleError: () => {} })
t.teardown(() => database.close())
const admin = createGuardAdmin(database)
t.beforeEach(() => guard.clear())

const secondsFromNow = (seconds: number) => (Date.now() - NOON.getTime()) / 1_000 + seconds
const PREFIX = { scope: 'prefix', target: '+1202555' } as const
const COUNTRY = { scope: 'country', target: 'US' } as const

/** Inserts a block made by a rule, with times in seconds from now. */
const automatic = ({ scope, target }: typeof PREFIX | typeof COUNTRY, rule: string, from: number, to: number) =>
  guard.sql(
    `insert into guard_blocks (scope, target, rule, starts_at, ends_at, strikes)
     values ($1, $2, $3, now() + make_interval(secs => $4), now() + make_interval(secs => $5), 3)`,
    [scope, target, rule, from, to],
  )
const targets = async () => (await admin.list()).blocks.map(({ target }) => target)

t.test('a manual block is active at once until its end and replaces any other', async (t) => {
  await automatic(PREFIX, 'prefix', -60, 600)
  const endsAt = await admin.block({ ...PREFIX, seconds: 7_200 })
  t.ok(Math.abs(endsAt.getTime() - Date.now() - 7_200_000) < 60_000)
  t.strictSame(await targets(), ['+1202555'])
  t.match((await admin.list()).blocks, [
    { ...PREFIX, rule: 'operator', startsAt: Date, endsAt, strikes: 1, isHalfOpen: false },
  ])
  t.match(await guard.asker(rulesAlone([]))({ number: '+12025550143', time: secondsFromNow(60) }), {
    verdict: 'blocked',
    rule: 'operator',
  })
})

t.test('lists active and half-open blocks, newest first', async (t) => {
  await automatic({ ...PREFIX, target: '+1202556' as never }, 'prefix', -7_200, -3_600)
  await automatic(PREFIX, 'prefix', -600, 600)
  await automatic(COUNTRY, 'conversion', -1_860, -60)
  t.strictSame(await targets(), ['+1202555', 'US'])
  t.match((await admin.list()).blocks, [
    { ...PREFIX, rule: 'prefix', strikes: 3, isHalfOpen: false },
    { ...COUNTRY, rule: 'conversion', isHalfOpen: true },
  ])
  await automatic({ ...COUNTRY, target: 'CA' as never }, 'operator', -7_200, -3_600)
  t.strictSame(await targets(), ['+1202555', 'US'], 'an expired manual block is not listed')
})

t.test('removes manual and automatic blocks once, and blocks again', async (t) => {
  await automatic(PREFIX, 'prefix', -600, 600)
  await automatic(COUNTRY, 'conversion', -1_860, -60)
  t.equal(await admin.unblock({ scope: 'country', target: 'CA' }), false)
  t.equal(await admin.unblock(PREFIX), true)
  t.equal(await admin.unblock(COUNTRY), true)
  t.equal(await admin.unblock(PREFIX), false)
  t.strictSame(await targets(), [])
  t.match(
    await guard.asker(rulesAlone(['prefix', 'conversion']))({ number: '+12025550143', time: secondsFromNow(1) }),
    {
      verdict: 'send',
    },
  )
  await admin.block({ ...PREFIX, seconds: 60 })
  t.strictSame(await targets(), ['+1202555'])
})

t.test('lists only today’s budgets, the most used first', async (t) => {
  const budgets = { '*': { messages: 10, cost: null }, each: { messages: null, cost: 1 } }
  const ask = guard.asker(rulesAlone(['budget'], { budgets }))
  for (const country of ['US', 'US', null]) await ask({ country, price: 0.0083, time: secondsFromNow(0) })
  for (const _ of Array(7)) await ask({ user: randomUUID(), country: 'US', price: 0.0083, time: secondsFromNow(0) })
  await ask({ country: 'CA', time: secondsFromNow(-86_400) })
  t.strictSame(
    (await admin.list()).budgets.map(({ softAt, hardAt, ...spent }) => ({
      ...spent,
      isSoft: softAt !== null,
      isHard: hardAt !== null,
    })),
    [
      { scope: '*', messages: 9, cost: '0.0747', isSoft: true, isHard: true },
      { scope: 'US', messages: 8, cost: '0.0664', isSoft: false, isHard: false },
      { scope: '-', messages: 1, cost: '0.0083', isSoft: false, isHard: false },
    ],
  )
})
