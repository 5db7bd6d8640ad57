import { randomUUID } from 'node:crypto'
import t from 'tap'
import { allRules, at, createGuardDatabase, rulesAlone } from '../support/guard-database.ts'

const guard = await createGuardDatabase(t)
t.beforeEach(() => guard.clear())

const MINUTE = 60
const HOUR = 3_600
const DAY = 86_400
const SEND = { verdict: 'send', rule: null, retryAfter: null }
const held = (rule: string, retryAfter: number) => ({ verdict: 'wait', rule, retryAfter })
const blocked = (rule: string, retryAfter: number) => ({ verdict: 'blocked', rule, retryAfter })

/** Whole numbers from 0 on. */
const times = (count: number) => [...Array(count).keys()]
/** One of the ten thousand numbers of a prefix. */
const numberOf = (prefix: string, place: number) => `${prefix}${String(place).padStart(4, '0')}`
/** Numbers far enough apart to be not consecutive. */
const apart = (prefix: string, place: number) => numberOf(prefix, place * 97)

t.test('limits a user to five codes an hour, with a Retry-After to the second', async (t) => {
  const send = guard.sender(rulesAlone(['user']))
  const user = randomUUID()
  for (const nth of times(5)) t.match(await send({ user, time: nth * 10 }), SEND)
  t.match(await send({ user, time: 100 }), held('user.perHour', HOUR - 100))
  t.match(await send({ user, time: HOUR - 0.5 }), held('user.perHour', 1))
  t.match(await send({ time: 100 }), SEND, 'another user')
  t.match(await send({ user, time: HOUR }), SEND, 'the first is an hour old')
  t.match(await send({ user, time: HOUR }), held('user.perHour', 10), 'the second is not')
})

t.test('limits a number to five codes an hour and ten a day', async (t) => {
  const send = guard.sender(rulesAlone(['number']))
  const [user, number] = [randomUUID(), '+12025550143']
  for (const nth of times(5)) t.match(await send({ user, number, time: nth }), SEND)
  t.match(await send({ user, number, time: 60 }), held('number.perHour', HOUR - 60))
  t.match(await send({ user, time: 60 }), SEND, 'another number')
  for (const nth of times(5)) t.match(await send({ user, number, time: HOUR + 10 + nth }), SEND)
  t.match(await send({ user, number, time: 3 * HOUR }), held('number.perDay', 21 * HOUR))
  t.match(await send({ user, number, time: DAY }), SEND, 'the first is a day old')
  t.match(await send({ user, number, time: DAY }), held('number.perDay', 1), 'the second is not')
})

t.test('limits calls to three an hour and five a day, without limiting texts', async (t) => {
  const send = guard.sender(rulesAlone(['number']))
  const [user, number] = [randomUUID(), '+12025550143']
  const call = (time: number) => send({ user, number, time, channel: 'voice' })
  for (const nth of times(3)) t.match(await call(nth), SEND)
  t.match(await call(60), held('number.callsPerHour', HOUR - 60))
  t.match(await send({ user, number, time: 60 }), SEND)
  for (const nth of times(2)) t.match(await call(HOUR + 10 + nth), SEND)
  t.match(await call(3 * HOUR), held('number.callsPerDay', 21 * HOUR))
  t.match(await send({ user, number, time: 3 * HOUR }), SEND)
  t.match(await call(DAY), SEND)
})

t.test('two users with one number share its cooldown, which grows with every code of the hour', async (t) => {
  const send = guard.sender(rulesAlone(['number']))
  const [ada, bob, number] = [randomUUID(), randomUUID(), '+12025550143']
  t.match(await send({ user: ada, number }), SEND)
  t.match(await send({ user: bob, number, time: 10 }), held('number.cooldown', 20))
  t.match(await send({ user: bob, number, time: 30 }), SEND)
  t.match(await send({ user: ada, number, time: 31 }), held('number.cooldown', 59))
  t.match(await send({ user: bob, number, time: 31 }), SEND, 'a user’s own cooldown is on their row')
  t.match(await send({ user: ada, number, time: 31 + 119 }), held('number.cooldown', 1))
  t.match(await send({ user: ada, number, time: 31 + 120 }), SEND)
})

t.test('limits an address to ten codes an hour and its network to forty', async (t) => {
  const send = guard.sender(rulesAlone(['address', 'network']))
  const [address, network] = ['192.0.2.7', '192.0.2.0/24']
  for (const nth of times(10)) t.match(await send({ address, network, time: nth }), SEND)
  t.match(await send({ address, network, time: 60 }), held('address.perHour', HOUR - 60))
  for (const nth of times(30)) t.match(await send({ network, time: 20 + nth }), SEND)
  t.match(await send({ network, time: 60 }), held('network.perHour', HOUR - 60))
  t.match(await send({ time: 60 }), SEND, 'from another network')
  t.match(await send({ address, network, time: HOUR }), SEND)
  t.match(await send({ address, network, time: HOUR }), held('address.perHour', 1))
})

t.test('known users and safe numbers bypass the address caps and do not count for them', async (t) => {
  const send = guard.sender(rulesAlone(['address', 'network']))
  const [user, number, address, network] = [randomUUID(), '+12025550143', '192.0.2.7', '192.0.2.0/24']
  await guard.enter({ user, number, time: -30 * DAY + 1, verifiedAt: -30 * DAY + 20 })
  for (const nth of times(41)) {
    t.match(await send({ user, number, address, network, time: 0.01 * nth }), { ...SEND, known: true })
  }
  for (const nth of times(10)) t.match(await send({ address, network, time: nth }), { ...SEND, known: false })
  t.match(await send({ address, network, safe: true }), { ...SEND, known: false })
  t.match(await send({ number, address, network }), held('address.perHour', HOUR), 'the same number, another user')
  t.match(await send({ user, address, network }), held('address.perHour', HOUR), 'the same user, another number')
  t.match(await send({ user, number, address, network, time: 2 }), held('address.perHour', HOUR - 2), '30 days later')
})

t.test('blocks a prefix at eight codes an hour if few are entered, doubling the time each time', async (t) => {
  const send = guard.sender(rulesAlone(['prefix']))
  const prefix = '+1202555'
  let now = 0
  for (const hours of [12, 24, 48, 96, 168, 168]) {
    for (const place of times(7)) t.match(await send({ number: apart(prefix, place), time: now }), SEND)
    t.match(await send({ number: apart(prefix, 7), time: now }), blocked('prefix', hours * HOUR))
    t.match(await send({ number: apart(prefix, 8), time: now + 60 }), blocked('prefix', hours * HOUR - 60))
    t.match(await send({ time: now }), SEND, 'another prefix')
    now += hours * HOUR + 1
  }
  t.match(await guard.sql('select type, data from events order by created_at limit 1'), [
    {
      type: 'guard.opened',
      data: { scope: 'prefix', target: prefix, rule: 'prefix', strikes: 1, until: /^2026-03-05T00:00:00/ },
    },
  ])
  t.equal((await guard.sql('select from events')).length, 6)

  await guard.sql('delete from sends')
  t.match(await send({ number: apart(prefix, 0), time: now + 7 * DAY + 1 }), SEND)
  for (const place of times(7)) await guard.enter({ number: apart(prefix, place), time: now + 7 * DAY + 1 })
  t.match(
    await send({ number: apart(prefix, 8), time: now + 7 * DAY + 1 }),
    blocked('prefix', 12 * HOUR),
    'the strikes have expired',
  )
  t.match(await guard.sql('select strikes from guard_blocks'), [{ strikes: 1 }])
})

t.test('does not block a prefix with entered codes, nor known users and safe numbers', async (t) => {
  const send = guard.sender(rulesAlone(['prefix']))
  const prefix = '+1202555'
  const user = randomUUID()
  await guard.enter({ user, number: numberOf(prefix, 1), time: -DAY, verifiedAt: -DAY + 20 })
  for (const _ of times(20)) await guard.enter({ user, number: numberOf(prefix, 1), known: true })
  for (const place of times(3)) await guard.enter({ number: apart(prefix, place), verifiedAt: 20 })
  for (const place of times(5)) t.match(await send({ number: apart(prefix, 10 + place), time: 60 }), SEND)
  t.match(await send({ number: apart(prefix, 30), time: 60 }), SEND, '6 of 9 not entered')
  t.match(await send({ number: apart(prefix, 31), time: 60 }), blocked('prefix', 12 * HOUR), '7 of 10 not entered')
  t.match(await send({ user, number: numberOf(prefix, 1), time: 61 }), { ...SEND, known: true })
  t.match(await send({ number: numberOf(prefix, 2), safe: true, time: 61 }), SEND)
})

t.test('blocks a busy prefix at five times its own mean', async (t) => {
  const send = guard.sender(rulesAlone(['prefix']))
  const prefix = '+1202555'
  // Two an hour, for fourteen days.
  await guard.sql(
    `insert into sends (send_id, challenge_id, user_id, provider, channel, country, prefix, phone_hash, segments, status,
       created_at)
     select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'test', 'sms', 'US', $1, sha256(n::text::bytea), 1,
       'sent', $2::timestamptz - n * interval '1795 s' from generate_series(0, 671) n`,
    [prefix, at(-HOUR)],
  )
  for (const place of times(9)) t.match(await send({ number: apart(prefix, place) }), SEND)
  t.match(await send({ number: apart(prefix, 9) }), blocked('prefix', 12 * HOUR))
})

t.test('requires a human check at half the limit of a prefix, if a check is configured', async (t) => {
  const policy = { ...rulesAlone(['prefix']), humanCheck: true }
  const send = guard.sender(policy)
  const prefix = '+1202555'
  for (const place of times(3)) t.match(await send({ number: apart(prefix, place) }), SEND)
  const number = apart(prefix, 3)
  t.match(await send({ number }), { verdict: 'check', rule: 'human', retryAfter: null })
  t.match(await guard.asker({ ...policy, humanCheck: false })({ number }), SEND)
  t.match(await guard.asker(policy)({ number, safe: true }), SEND)
  t.match(await send({ number, human: true }), SEND)
  for (const place of times(3)) t.match(await send({ number: apart(prefix, 4 + place), human: true }), SEND)
  t.match(await send({ number: apart(prefix, 7), human: true }), blocked('prefix', 12 * HOUR))
})

t.test('blocks a prefix at the fourth consecutive number within ten minutes', async (t) => {
  const send = guard.sender(rulesAlone(['prefix', 'consecutive']))
  const ask = async (place: number, time = 0, prefix = '+1202555') => {
    const number = numberOf(prefix, place)
    return send({ number, user: await guard.addUser(number), time })
  }
  for (const place of [120, 100, 130]) t.match(await ask(place), SEND)
  t.match(await ask(141), SEND, 'eleven from the nearest number')
  t.match(await ask(110, 599), blocked('consecutive', 12 * HOUR))
  t.match(await ask(5_000, 600), blocked('consecutive', 12 * HOUR - 1), 'the whole prefix')

  for (const place of [120, 100, 130]) t.match(await ask(place, 0, '+1202556'), SEND)
  t.match(await ask(110, 600, '+1202556'), SEND, 'ten minutes later')

  for (const place of [120, 100, 130]) t.match(await ask(place, 0, '+1202557'), SEND)
  await guard.verify(numberOf('+1202557', 100), 10)
  t.match(await ask(110, 20, '+1202557'), SEND, 'one code was entered')
})

t.test('blocks a country when none of twelve people entered a code in time', async (t) => {
  const send = guard.sender(rulesAlone(['conversion']))
  for (const nth of times(11)) t.match(await send({ time: nth }), SEND)
  const number = '+12025550143'
  for (const nth of times(20)) await guard.enter({ number, time: nth })
  for (const status of ['queued', 'unknown', 'undelivered', 'failed']) {
    await guard.enter({ status, time: 20, receiptAt: 30 })
  }
  await guard.enter({ known: true, time: 20 })
  await guard.sql('delete from sends where phone_hash = (select phone_hash from sends where created_at = $1 limit 1)', [
    at(0),
  ])
  t.match(await send({ time: 599 }), SEND, 'ten people, one with twenty requests, and undelivered messages')
  t.match(await send({ time: 898 }), SEND, 'the twelfth still has time')
  t.match(await send({ time: 899 }), blocked('conversion', 1_800))
  t.match(await send({ time: 959 }), blocked('conversion', 1_740))
  t.match(await send({ time: 959, country: 'CA' }), SEND)
  t.match(await send({ time: 959, country: null }), SEND)
  t.match(await send({ time: 959, safe: true }), SEND)
  t.match(await guard.sql('select data from events'), [
    { data: { scope: 'country', target: 'US', rule: 'conversion' } },
  ])
})

t.test('counts a person with many codes once', async (t) => {
  for (const nth of times(23)) await guard.enter({ time: nth - 400 })
  for (const nth of times(10)) await guard.enter({ number: '+12025550143', time: nth - 400, verifiedAt: -300 })
  t.match(await guard.asker(rulesAlone(['conversion']))({}), blocked('conversion', 1_800), '1 of 24')
})

t.test('tests a blocked country with five codes and unblocks it when three are entered', async (t) => {
  const send = guard.sender(rulesAlone(['conversion']))
  for (const nth of times(12)) await guard.enter({ time: nth - 400 })
  t.match(await send({}), blocked('conversion', 1_800))
  for (const nth of times(5)) t.match(await send({ number: apart('+1202555', nth), time: 1_800 + nth }), SEND)
  t.match(await send({ time: 1_810 }), blocked('conversion', 294), 'until the fifth code has expired')
  for (const nth of times(2)) await guard.verify(apart('+1202555', nth), 1_815)
  t.match(await send({ time: 1_820 }), blocked('conversion', 284))
  await guard.verify(apart('+1202555', 2), 1_821)
  t.match(await send({ time: 1_822 }), SEND)
  t.match(await guard.sql('select lifted_at from guard_blocks'), [{ lifted_at: at(1_822) }])
  for (const nth of times(11)) t.match(await send({ time: 1_823 + nth }), SEND)
  t.match(await send({ time: 3_000 }), SEND, 'former sends do not count: 0 of 11')
  t.match(await send({ time: 3_299 }), SEND)
  t.match(await send({ time: 3_300 }), blocked('conversion', 1_800), '0 of 12 blocks it for the first duration')
})

t.test('doubles the block of a country after five unused codes, up to 12 hours', async (t) => {
  const send = guard.sender(rulesAlone(['conversion']))
  for (const nth of times(12)) await guard.enter({ time: nth - 400 })
  let now = 0
  for (const minutes of [30, 60, 120, 240, 480, 720, 720]) {
    t.match(await send({ time: now }), blocked('conversion', minutes * MINUTE))
    now += minutes * MINUTE
    for (const _ of times(5)) t.match(await send({ time: now }), SEND)
    t.match(await send({ time: now + 299 }), blocked('conversion', 1))
    now += 300
  }
})

t.test('compares a country with its own history once 500 sends are known', async (t) => {
  const fill = async (sends: number, entered: number, time: number) => {
    await guard.sql(
      `insert into sends (send_id, challenge_id, user_id, provider, channel, country, prefix, phone_hash, segments,
         status, created_at, verified_at)
       select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'test', 'sms', 'US', 'x', sha256(n::text::bytea), 1,
         'sent', $3::timestamptz + n * interval '1 ms', case when n <= $2 then $3 end from generate_series(1, $1::int) n`,
      [sends, entered, at(time)],
    )
  }
  const ask = guard.asker(rulesAlone(['conversion']))
  await fill(499, 449, -2 * DAY)
  await fill(50, 15, -HOUR)
  t.match(await ask({}), SEND, '15 of 50 may be 44 %, and the history is too short')
  await fill(1, 1, -2 * DAY)
  t.match(await ask({}), blocked('conversion', 1_800), 'less than half of the usual 90 %')

  await guard.clear()
  await fill(500, 450, -2 * DAY)
  await fill(50, 17, -HOUR)
  t.match(await ask({}), SEND, '17 of 50 may be 48 %')
})

t.test('counts the last six hours, or the last fifty sends if that is more', async (t) => {
  const ask = guard.asker(rulesAlone(['conversion']))
  for (const nth of times(40)) await guard.enter({ time: -7 * HOUR + nth, verifiedAt: -7 * HOUR + 60 })
  for (const nth of times(10)) await guard.enter({ time: -HOUR + nth })
  t.match(await ask({}), SEND, '40 of 50')
  for (const nth of times(40)) await guard.enter({ time: -HOUR + 20 + nth })
  t.match(await ask({}), blocked('conversion', 1_800), '0 of 50')

  await guard.clear()
  for (const nth of times(50)) await guard.enter({ time: -5 * HOUR + nth })
  for (const nth of times(50)) await guard.enter({ time: -HOUR + nth, verifiedAt: nth < 20 ? -HOUR + 60 : null })
  t.match(await ask({}), blocked('conversion', 1_800), '20 of 100, though 20 of 50 would do')
  await guard.clear()
  for (const nth of times(50)) await guard.enter({ time: -7 * HOUR + nth })
  for (const nth of times(50)) await guard.enter({ time: -HOUR + nth, verifiedAt: nth < 20 ? -HOUR + 60 : null })
  t.match(await ask({}), SEND, '20 of 50')
})

t.test('a manual block of a country or prefix applies to every user', async (t) => {
  const send = guard.sender(allRules({ humanCheck: false }))
  const [user, number] = [randomUUID(), '+12025550143']
  await guard.enter({ user, number, time: -DAY, verifiedAt: -DAY + 20 })
  const block = (scope: string, target: string) =>
    guard.sql(
      `insert into guard_blocks (scope, target, rule, starts_at, ends_at) values ($1, $2, 'operator', $3, $4)`,
      [scope, target, at(0), at(HOUR)],
    )
  for (const [scope, target] of [
    ['country', 'US'],
    ['prefix', '+1202'],
    ['prefix', '+12025550143'],
  ] as const) {
    await block(scope, target)
    t.match(
      await send({ user, number, safe: true, time: 1 }),
      { ...blocked('operator', HOUR - 1), known: true },
      target,
    )
    await guard.sql('delete from guard_blocks')
  }
  await block('prefix', '+12025550144')
  t.match(await send({ user, number, time: 1 }), SEND, 'another number')
  await block('country', 'CA')
  t.match(await send({ user, number, time: 1 }), SEND)
  await guard.clear()
  await block('country', 'US')
  t.match(await send({ time: HOUR }), SEND, 'the block has ended')
})

t.test('an automatic block does not apply to longer numbers with the same first digits', async (t) => {
  const send = guard.sender(rulesAlone(['prefix']))
  for (const place of times(7)) await guard.enter({ number: apart('+4930', place), country: 'DE' })
  t.match(await send({ number: apart('+4930', 8), country: 'DE' }), blocked('prefix', 12 * HOUR))
  t.match(await send({ number: '+493012345678', country: 'DE' }), SEND)
})

t.test('counts only sends after a block was lifted', async (t) => {
  const send = guard.sender(rulesAlone(['prefix', 'conversion']))
  const prefix = '+1202555'
  const lift = (time: number) => guard.sql('update guard_blocks set lifted_at = $1', [at(time)])
  for (const place of times(7)) await guard.enter({ number: apart(prefix, place), country: 'CA' })
  t.match(await send({ number: apart(prefix, 7), country: 'CA' }), blocked('prefix', 12 * HOUR))
  await lift(60)
  for (const place of times(7)) t.match(await send({ number: apart(prefix, place), time: 61, country: 'CA' }), SEND)
  t.match(await send({ number: apart(prefix, 7), time: 61, country: 'CA' }), blocked('prefix', 12 * HOUR))

  for (const nth of times(12)) await guard.enter({ time: nth - 400 })
  t.match(await send({}), blocked('conversion', 1_800))
  await lift(60)
  for (const _ of times(12)) t.match(await send({ time: 61 }), SEND)
  t.match(await send({ time: 361 }), blocked('conversion', 1_800))
})

t.test('counts only sends after a block has expired, even a short one', async (t) => {
  const send = guard.sender(rulesAlone(['prefix', 'conversion']))
  for (const nth of times(20)) await guard.enter({ number: apart('+1202555', nth), time: -400 })
  for (const [scope, target] of [
    ['country', 'US'],
    ['prefix', '+1202555'],
  ]) {
    await guard.sql(
      `insert into guard_blocks (scope, target, rule, starts_at, ends_at) values ($1, $2, 'operator', $3, $4)`,
      [scope, target, at(0), at(60)],
    )
  }
  for (const nth of times(7)) t.match(await send({ number: apart('+1202555', nth), time: 61 }), SEND)
})

t.test('failed sends count nowhere, but sends that a receipt reports as failed do', async (t) => {
  const [user, number, address, network] = [randomUUID(), '+12025550143', '192.0.2.7', '192.0.2.0/24']
  const common = { user, number, address, network, channel: 'voice' }
  for (const nth of times(60)) await guard.enter({ ...common, time: nth - 600, status: 'failed' })
  const ask = guard.asker(allRules({ humanCheck: false, budgets: { each: { messages: 10, cost: null } } }))
  t.match(await ask(common), SEND)
  t.match(await ask({ number }), SEND, 'other users are not delayed')
  await guard.sql('update sends set receipt_at = created_at')
  t.match(await ask(common), held('user.perHour', HOUR - 600 + 55))
})
