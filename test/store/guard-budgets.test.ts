import { randomUUID } from 'node:crypto'
import t from 'tap'
import { allRules, createGuardDatabase, rulesAlone } from '../support/guard-database.ts'

const guard = await createGuardDatabase(t, 12)
t.beforeEach(() => guard.clear())

const HOUR = 3_600
const DAY = 86_400
const SEND = { verdict: 'send', rule: null, retryAfter: null }
/** Blocked until midnight UTC; the tests start at noon. */
const EMPTY = { verdict: 'blocked', rule: 'budget', retryAfter: 12 * HOUR }
const CHECK = { verdict: 'check', rule: 'human', retryAfter: null }

const times = (count: number) => [...Array(count).keys()]
const messages = (amount: number) => ({ messages: amount, cost: null })
const cost = (amount: number) => ({ messages: null, cost: amount })
const eventTypes = async () => (await guard.sql('select type from events order by type')).map(({ type }) => type)

/** Creates a user who entered a code yesterday. */
const knownUser = async (country = 'US') => {
  const known = { user: randomUUID(), number: `+1206555${String(Math.random()).slice(2, 6)}`, country }
  await guard.enter({ ...known, time: -DAY, verifiedAt: -DAY + 20 })
  return known
}

t.test('requires a human check of unknown users from 80 % of a budget, and reserves the last tenth', async (t) => {
  const known = await knownUser()
  const ask = guard.asker(rulesAlone(['budget'], { humanCheck: true, budgets: { US: messages(20) } }))
  for (const _ of times(15)) t.match(await ask({}), SEND)
  t.match(await ask({}), CHECK, 'the sixteenth message')
  t.match(await ask({ human: true }), SEND)
  t.match(await ask(known), SEND, 'a known user needs no check')
  t.match(await ask({ human: true }), SEND)
  t.match(await ask({ human: true }), EMPTY, 'the nineteenth message')
  t.match(await ask({ country: 'CA' }), SEND, 'a country without a budget')
  for (const _ of times(2)) t.match(await ask(known), SEND)
  t.match(await ask(known), EMPTY, 'all twenty are used')
  t.match(await ask({ time: 12 * HOUR - 0.5 }), { ...EMPTY, retryAfter: 1 })
  t.match(await ask({ time: 12 * HOUR }), SEND, 'a new day')
  t.strictSame(await eventTypes(), ['budget.hard', 'budget.soft'], 'one event of each type a day')
  t.match(await guard.sql(`select messages from send_budgets where scope = 'US' order by day`), [
    { messages: 20 },
    { messages: 1 },
  ])
})

t.test('a budget in money counts the prices of messages', async (t) => {
  const known = await knownUser()
  const ask = guard.asker(rulesAlone(['budget'], { humanCheck: true, budgets: { each: cost(1) } }))
  for (const _ of times(7)) t.match(await ask({ price: 0.1 }), SEND)
  t.match(await ask({ price: 0.1 }), CHECK)
  t.match(await ask({ price: 0.0999 }), SEND)
  t.match(await ask({ price: 0.3, human: true }), EMPTY, 'too expensive')
  t.match(await ask({ price: 0.1001, human: true }), SEND)
  t.match(await ask({ price: 0.0001, human: true }), EMPTY)
  t.match(await ask({ ...known, price: 0.1 }), SEND)
  t.match(await ask({ ...known, price: 0.0001 }), EMPTY)
  t.match(await ask({ ...known, price: null }), SEND, 'a message without a price is free')
  t.match(await ask({ country: 'CA', price: 0.1 }), SEND, '"each" applies to each country separately')
})

t.test('applies the total budget besides the budget of each country', async (t) => {
  const ask = guard.asker(
    rulesAlone(['budget'], { budgets: { '*': messages(10), each: messages(4), US: messages(100) } }),
  )
  for (const country of ['CA', null, 'CA', null, 'CA', null, 'CA', null]) t.match(await ask({ country }), SEND)
  t.match(await ask({ country: 'CA' }), EMPTY)
  t.match(await ask({ country: null }), EMPTY, 'numbers without a country share one budget')
  t.match(await ask({ country: 'US' }), SEND)
  t.match(await ask({ country: 'US' }), EMPTY)
  t.match(await ask({ country: 'GB' }), EMPTY)
})

t.test('a budget below ten messages has no reserve', async (t) => {
  const ask = guard.asker(rulesAlone(['budget'], { budgets: { US: messages(9), CA: messages(19) } }))
  for (const _ of times(9)) t.match(await ask({ country: 'US' }), SEND)
  t.match(await ask({ country: 'US' }), EMPTY)
  for (const _ of times(18)) t.match(await ask({ country: 'CA' }), SEND)
  t.match(await ask({ country: 'CA' }), EMPTY)
  t.match(await ask({ ...(await knownUser('CA')) }), SEND)
})

t.test('a budget of zero sends nothing', async (t) => {
  const known = await knownUser()
  const ask = guard.asker(rulesAlone(['budget'], { budgets: { US: messages(0), CA: cost(0) } }))
  t.match(await ask({}), EMPTY)
  t.match(await ask(known), EMPTY)
  t.match(await ask({ country: 'CA', price: 0.01 }), EMPTY)
  t.match(await ask({ country: 'GB' }), SEND)
})

/** Sends sixty messages in parallel over twelve connections. */
const atOnce = (send: ReturnType<typeof guard.sender>, message: (nth: number) => Parameters<typeof send>[0]) =>
  Promise.all(times(60).map((nth) => send(message(nth))))
const sent = (said: { verdict: string }[]) => said.filter(({ verdict }) => verdict === 'send').length
const apart = (prefix: string, place: number) => `${prefix}${String(place * 97).padStart(4, '0')}`

t.test('sixty parallel sends exceed no cap and no budget', async (t) => {
  const number = '+12025550143'
  const oneNumber = guard.sender(rulesAlone(['number'], { cooldowns: [0] }))
  t.equal(sent(await atOnce(oneNumber, () => ({ number }))), 5)

  const oneAddress = guard.sender(rulesAlone(['address', 'network']))
  t.equal(sent(await atOnce(oneAddress, () => ({ address: '192.0.2.7' }))), 10)
  t.equal(sent(await atOnce(oneAddress, () => ({ network: '192.0.2.0/24' }))), 40)

  const onePrefix = guard.sender(rulesAlone(['prefix', 'consecutive']))
  t.equal(sent(await atOnce(onePrefix, (nth) => ({ number: apart('+1206555', nth) }))), 7)
  t.same(await guard.sql(`select strikes from guard_blocks`), [{ strikes: 1 }])
  t.strictSame(await eventTypes(), ['guard.opened'])

  const budgets = { '*': messages(40), each: messages(10), US: messages(30) }
  const oneDay = guard.sender(rulesAlone(['budget'], { budgets }))
  await guard.clear()
  t.equal(sent(await atOnce(oneDay, () => ({ country: 'US' }))), 27)
  t.equal(sent(await atOnce(oneDay, () => ({ country: 'CA' }))), 9)
  t.equal(sent(await atOnce(oneDay, (nth) => ({ country: ['GB', 'DE', 'FR', null][nth % 4]! }))), 0)
  t.match(await guard.sql(`select messages from send_budgets where scope = '*'`), [{ messages: 36 }])
})

t.test('sends five of sixty codes to test a half-open country', async (t) => {
  for (const nth of times(12)) await guard.enter({ time: nth - 400 })
  const send = guard.sender(rulesAlone(['conversion']))
  t.equal(sent(await atOnce(send, () => ({}))), 0)
  t.same(await guard.sql(`select strikes from guard_blocks`), [{ strikes: 1 }])
  t.equal(sent(await atOnce(send, () => ({ time: 1_800 }))), 5)
})

t.test('parallel sends with shared numbers, addresses, prefixes and countries do not deadlock', async (t) => {
  const policy = { humanCheck: false, budgets: { '*': messages(1_000), each: messages(300) } }
  const send = guard.sender({ ...allRules(policy), cooldowns: [0] })
  const said = await atOnce(send, (nth) => ({
    number: apart(`+120255${nth % 3}`, nth % 7),
    address: `192.0.${nth % 2}.${nth % 5}`,
    network: `192.0.${nth % 2}.0/24`,
    country: ['US', 'CA', null][nth % 3]!,
  }))
  t.equal(said.length, 60)
  t.equal((await guard.sql('select from sends')).length, sent(said))
})
