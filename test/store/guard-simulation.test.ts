import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { GuardPolicy } from '../../src/core/guard/rules.ts'
import { createDatabase } from '../../src/store/database.ts'
import { burstAttack, poisoningAttack, slowAttack } from '../../tools/guard-simulator/attacks.ts'
import { GENERATED_DAY, inOrder, organicDay } from '../../tools/guard-simulator/generated-day.ts'
import { createLedgerReplay } from '../../tools/guard-simulator/replay.ts'
import type { SimulatedSend, SimulatedVerdict } from '../../tools/guard-simulator/simulated-send.ts'
import { createGuardSimulation } from '../../tools/guard-simulator/store.ts'
import { tally } from '../../tools/guard-simulator/tally.ts'
import { rounds } from '../run/rounds.ts'
import { allRules, at, createGuardDatabase, NOON } from '../support/guard-database.ts'

const guard = await createGuardDatabase(t)
const database = createDatabase({ url: guard.url, poolSize: 3, onIdleError: () => {}, patient: true })
t.teardown(() => database.close())
const simulation = createGuardSimulation(database)
t.beforeEach(() => guard.clear())

const HOUR = 3_600_000
const later = (hours: number, seconds = 0) => new Date(GENERATED_DAY.getTime() + hours * HOUR + seconds * 1_000)
const onlyPeople = (kind: string): boolean => kind === 'organic'
const passAll = () => true
const passNone = () => false

const run = (sends: readonly SimulatedSend[], policy: GuardPolicy = allRules(), passesCheck = onlyPeople) =>
  simulation.run({ sends, policy, passesCheck })
const sentTo = (sends: readonly SimulatedSend[], verdicts: readonly SimulatedVerdict[]) =>
  sends.filter((_, place) => verdicts[place]!.verdict === 'send')

/** Returns the sends of one person who requests codes at these times and enters each. */
const person = (times: readonly Date[], country = 'GB'): SimulatedSend[] => {
  const [userId, number] = [randomUUID(), '+447700900123']
  const place = { country, channel: 'sms' as const, address: '192.0.2.7', network: '192.0.2.0/24' }
  return times.map((at) => ({
    ...{ at, userId, number, ...place, segments: 1, price: 0.04 },
    ...{ verifiedAfter: 10, kind: 'person' },
  }))
}

/** Messages to people on each day; each message is one call of the guard, in order. */
const PEOPLE = rounds({ quick: 300, all: 5_000 })
const SEEDS = [12, 11, 13].slice(0, rounds({ quick: 1, all: 3 }))

t.test('sends at most 15 messages to each attacked prefix and loses less than 0.5 % of real users', async (t) => {
  await Promise.all(
    SEEDS.map(async (seed) => {
      const sends = inOrder([...organicDay({ seed, sends: PEOPLE }), ...burstAttack({ seed })])
      const counted = tally(sends, await run(sends, allRules(), seed === 12 ? passAll : onlyPeople))
      const [people, attack] = [counted.of(['organic']), counted.of(['burst'])]
      t.match([people.sends, attack.sends], [PEOPLE, 400])
      t.ok((people.sends - people.sent) / people.sends < 0.005, `${people.sent} of ${people.sends} went`)
      t.ok(attack.mostOfPrefix <= 15, `at most ${attack.mostOfPrefix} to one prefix`)
    }),
  )
})

t.test('sends at most 60 messages in a slow attack on fifty prefixes of an unused country', async (t) => {
  const whole = slowAttack({ seed: 1 })
  t.equal(whole.length, 3_600)
  const sends = whole.slice(0, rounds({ quick: 200, all: whole.length }))
  const sent = sentTo(sends, await run(sends, allRules(), passAll))
  t.ok(sent.length > 0 && sent.length <= 60, `${sent.length} went`)
})

/** The budget of a country for one day. */
const MESSAGES = rounds({ quick: 100, all: 500 })

t.test('known users log in while an attacker who enters 40 % of the codes exhausts the budget', async (t) => {
  const budgets = { each: { messages: MESSAGES, cost: null } }
  const evening = later(22)
  const sends = inOrder([
    ...organicDay({ seed: 1, sends: rounds({ quick: 60, all: 300 }) }),
    ...poisoningAttack({ seed: 1, numbers: MESSAGES * 3 }),
    ...person([later(8), evening]),
    ...person([evening], 'FR').map((send) => ({ ...send, kind: 'stranger' })),
  ])
  const verdicts = await run(sends, allRules({ budgets }), passAll)
  const sent = sentTo(sends, verdicts)
  const perCountry = Map.groupBy(sent, ({ country }) => country)
  for (const [country, { length }] of perCountry) t.ok(length <= MESSAGES, `${length} to ${country}`)
  t.ok(perCountry.get('GB')!.length >= MESSAGES * 0.9, 'the budget stopped the attack')
  t.ok(tally(sends, verdicts).rows.some(({ kind, rule }) => kind === 'poisoning' && rule === 'budget'))
  t.equal(sent.filter(({ kind, at }) => kind === 'person' && at === evening).length, 1, 'from the reserve')
})

t.test('asks the guard again after a passed check and sends nothing after a failed one', async (t) => {
  const budgets = { GB: { messages: 10, cost: null } }
  const sends = Array.from({ length: 12 }, (_, nth) => person([later(9, nth)])[0]!).map((send, nth) => ({
    ...send,
    number: `+4477009${String(10_000 + nth * 13)}`,
    address: `192.0.${nth}.1`,
  }))
  const outcomes = async (passes: (kind: string) => boolean) =>
    (await run(sends, allRules({ budgets, prefix: undefined as never }), passes)).map(
      ({ verdict, rule, checked }) => `${verdict} ${rule} ${checked}`,
    )
  const free = Array(7).fill('send null false')
  t.strictSame(await outcomes(passAll), [
    ...free,
    'send null true',
    'send null true',
    ...Array(3).fill('blocked budget false'),
  ])
  t.strictSame(await outcomes(passNone), [...free, ...Array(5).fill('check human true')])
})

/** Returns sends of unknown users of one prefix and address, one a second, with codes entered this much later. */
const strangers = (count: number, from: Date, verifiedAfter: number | null): SimulatedSend[] =>
  Array.from({ length: count }, (_, nth) => ({
    ...person([new Date(from.getTime() + nth * 1_000)])[0]!,
    number: `+4477009${String(10_000 + nth * 13)}`,
    verifiedAfter,
  }))
const rulesOf = async (sends: readonly SimulatedSend[]) => (await run(sends)).map(({ rule }) => rule)
const noRules = (count: number) => Array<null>(count).fill(null)

t.test('a code counts as entered only from that time and only if it was sent', async (t) => {
  const eight = strangers(8, later(9), 60)
  t.strictSame(await rulesOf(eight), [...noRules(3), 'human', 'human', 'human', 'human', 'human'], 'too early')
  t.strictSame(await rulesOf([...eight.slice(0, 3), ...strangers(8, later(9, 63), 60).slice(3)]), noRules(8))
})

t.test('lost messages do not count for the conversion of a country', async (t) => {
  const sends = slowAttack({ seed: 1 }).slice(0, 60)
  const withRule = (rules: (string | null)[]) => rules.filter((rule) => rule === 'conversion').length
  t.ok(withRule(await rulesOf(sends)) > 0)
  t.equal(withRule(await rulesOf(sends.map((send) => ({ ...send, isLost: true })))), 0)
})

t.test('messages to known users do not count for the address cap', async (t) => {
  const sends = inOrder([
    ...person([later(8), ...[1, 2, 3, 4].map((nth) => later(9, nth))]),
    // Each in another prefix, so that no other rule trips.
    ...strangers(11, later(9, 5), null).map((send, nth) => ({ ...send, number: `+4477${10 + nth}123456` })),
  ])
  t.strictSame(await rulesOf(sends), [...noRules(15), 'address.perHour'])
})

t.test('entered codes do not count for the address cap', async (t) => {
  t.strictSame(await rulesOf(strangers(30, later(9), 1)), noRules(30))
})

t.test('returns the same verdicts for the same sends, in the order of the input', async (t) => {
  const sends = inOrder([
    ...organicDay({ seed: 3, sends: rounds({ quick: 60, all: 300 }) }),
    ...burstAttack({ seed: 3, numbers: 60 }),
  ])
  const verdicts = await run(sends)
  t.strictSame(await run(sends), verdicts)
  t.strictSame(await run(sends.toReversed()), verdicts.toReversed())
  t.ok(verdicts.some(({ verdict }) => verdict !== 'send'))
})

t.test('a simulation leaves no traces in the tables of the service', async (t) => {
  const number = '+12025550143'
  await guard.enter({ user: await guard.addUser(number), number })
  for (const budget of ['US', '*']) {
    await guard.sql('insert into send_budgets (scope, day, messages) values ($1, $2, 7)', [budget, GENERATED_DAY])
  }
  await guard.sql(
    `insert into guard_blocks (scope, target, rule, starts_at, ends_at) values ('country', 'US', 'operator', now(), now() + interval '1 day')`,
  )
  await guard.sql(`insert into events (type, data) values ('test', '{}')`)
  const everything = async () =>
    Promise.all(
      ['sends', 'factors', 'users', 'challenges', 'send_budgets', 'guard_blocks', 'events'].map((table) =>
        guard.sql(`select t.xmin::text, t.* from ${table} t order by 2`),
      ),
    )
  const before = await everything()

  // Uses sessions with cached plans of the guard on the real tables.
  const pooled = createDatabase({ url: guard.url, poolSize: 1, onIdleError: () => {}, patient: true })
  const inSession = (text: string) =>
    pooled.prepare<object, object>(text.slice(0, 30), () => ({
      compile: () => ({ sql: text, parameters: [] }) as never,
    }))({})
  // A temporary table does not change the search path, so Postgres would reuse its plans.
  await inSession('create temporary table other ()')
  t.match(await inSession(GUARD_IN_SESSION), [{ verdict: 'blocked', readOnly: 'off' }])
  const [first, ...rest] = burstAttack({ seed: 1, numbers: 40, country: 'US' })
  const verdicts = await createGuardSimulation(pooled).run({
    sends: [first!, ...rest],
    policy: allRules({ budgets: { US: { messages: 1_000, cost: null } } }),
    passesCheck: passAll,
  })
  t.equal(verdicts[0]!.verdict, 'send', 'the simulation ignores blocks and budgets of the service')
  t.match(
    await inSession(GUARD_IN_SESSION),
    [{ verdict: 'blocked', readOnly: 'off' }],
    'the session is unchanged afterwards',
  )
  await pooled.close()

  t.strictSame(await everything(), before)
  t.strictSame(await guard.sql(`select relname from pg_class where relpersistence = 't'`), [])
})

const GUARD_IN_SESSION = `
  select verdict, current_setting('default_transaction_read_only') as "readOnly"
  from guard_send(now(), '{"budgets": {}}', gen_random_uuid(), '+12025550143', sha256('x'), '+1202555', 'US', 'sms', 'a',
    'n', 0, false, false)`

t.test('a failed simulation leaves the session unchanged', async (t) => {
  const broken = { ...person([later(9)])[0]!, userId: 'nobody' }
  await t.rejects(run([broken]), /uuid/)
  t.match(await run(person([later(9)])), [{ verdict: 'send' }])
  t.strictSame(await guard.sql(`select relname from pg_class where relpersistence = 't'`), [])
})

t.test('replays entered and other sends of the ledger, without failed ones', async (t) => {
  const replay = createLedgerReplay(database)
  const number = '+12025550143'
  const user = await guard.addUser(number)
  await guard.enter({
    user,
    number,
    time: 0,
    verifiedAt: 12,
    price: 0.0083,
    address: '192.0.2.7',
    network: '192.0.2.0/24',
  })
  await guard.enter({ number: '+12025550144', time: 1, channel: 'voice', country: null, address: null, network: null })
  await guard.enter({ number: '+12025550144', time: 2 })
  await guard.enter({ time: 3, status: 'failed' })
  await guard.enter({ time: 4, status: 'failed', receiptAt: 5, verifiedAt: 4.2 })
  await guard.enter({ time: -1 })
  await guard.enter({ time: 60 })
  const sends = await replay.read({ from: at(0), to: at(60) })
  t.equal(sends.length, 4)
  t.match(sends, [
    {
      ...{ at: at(0), userId: user, number, country: 'US', channel: 'sms', segments: 1, price: 0.0083 },
      ...{ address: '192.0.2.7', network: '192.0.2.0/24', verifiedAfter: 12, isLost: false, kind: 'entered' },
    },
    {
      ...{ at: at(1), number: /^\+1202555\d{4}$/, country: null, channel: 'voice', price: null },
      ...{ address: null, network: null, verifiedAfter: null, kind: 'not entered' },
    },
    { at: at(2), number: sends[1]!.number },
    { at: at(4), isLost: true, verifiedAfter: 1, kind: 'entered' },
  ])
})

t.test('a replay knows the users who entered a code in the 30 days before', async (t) => {
  const number = '+12025550143'
  const user = await guard.addUser(number)
  await guard.enter({ user, number, time: -29 * 86_400, verifiedAt: -29 * 86_400 + 10 })
  for (let nth = 0; nth < 7; nth += 1) await guard.enter({ number: `+1202555${2_000 + nth * 97}`, time: nth - 600 })
  await guard.enter({ user, number, time: 10, verifiedAt: 20 })
  await guard.enter({ number: '+12025559000', time: 20 })
  const sends = await createLedgerReplay(database).read({ from: NOON, to: at(60) })
  const replay = (ledgerBefore?: Date) =>
    simulation.run({
      ...{ sends, policy: allRules(), passesCheck: passAll },
      ...(ledgerBefore && { ledgerBefore }),
    })
  t.match(await replay(NOON), [{ verdict: 'send' }, { verdict: 'blocked', rule: 'prefix' }])
  t.match(await replay(), [{ verdict: 'send' }, { verdict: 'send' }])

  await guard.sql(`update sends set status = 'failed', receipt_at = created_at where created_at < $1`, [NOON])
  t.match(await replay(NOON), [{ verdict: 'send' }, { verdict: 'blocked', rule: 'prefix' }])
  await guard.sql(`update sends set receipt_at = null where created_at < $1`, [NOON])
  t.match(await replay(NOON), [{ verdict: 'send' }, { verdict: 'send' }], 'failed sends count nowhere')
})
