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
/** Far enough from each other that nobody counts upwards. */
const apart = (prefix: string, place: number) => numberOf(prefix, place * 97)

t.test('a user has five codes an hour, and is told to the second when the next may go', async (t) => {
  const send = guard.sender(rulesAlone(['user']))
  const user = randomUUID()
  for (const nth of times(5)) t.match(await send({ user, time: nth * 10 }), SEND)
  t.match(await send({ user, time: 100 }), held('user.perHour', HOUR - 100))
  t.match(await send({ user, time: HOUR - 0.5 }), held('user.perHour', 1))
  t.match(await send({ time: 100 }), SEND, 'somebody else')
  t.match(await send({ user, time: HOUR }), SEND, 'the first is an hour old')
  t.match(await send({ user, time: HOUR }), held('user.perHour', 10), 'the second is not')
})

t.test('a number has five codes an hour and ten a day', async (t) => {
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

t.test('calls have caps of their own, three an hour and five a day, and texts go on', async (t) => {
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

t.test('a number that two users have waits for both: the cooldown grows with every code of the hour', async (t) => {
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

t.test('an address has ten codes an hour, its network forty', async (t) => {
  const send = guard.sender(rulesAlone(['address', 'network']))
  const [address, network] = ['192.0.2.7', '192.0.2.0/24']
  for (const nth of times(10)) t.match(await send({ address, network, time: nth }), SEND)
  t.match(await send({ address, network, time: 60 }), held('address.perHour', HOUR - 60))
  for (const nth of times(30)) t.match(await send({ network, time: 20 + nth }), SEND)
  t.match(await send({ network, time: 60 }), held('network.perHour', HOUR - 60))
  t.match(await send({ time: 60 }), SEND, 'from elsewhere')
  t.match(await send({ address, network, time: HOUR }), SEND)
  t.match(await send({ address, network, time: HOUR }), held('address.perHour', 1))
})

t.test('known users and safe numbers pass the rules on addresses, and take no place there from others', async (t) => {
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

t.test(
  'a prefix trips at eight codes an hour of which hardly any is entered, for twice as long each time',
  async (t) => {
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
    t.match(await send({ number: apart(prefix, 8), time: now + 7 * DAY + 1 }), blocked('prefix', 12 * HOUR), 'forgiven')
    t.match(await guard.sql('select strikes from guard_blocks'), [{ strikes: 1 }])
  },
)

t.test('a prefix does not trip where codes are entered, and never for known users or safe numbers', async (t) => {
  const send = guard.sender(rulesAlone(['prefix']))
  const prefix = '+1202555'
  const user = randomUUID()
  await guard.enter({ user, number: numberOf(prefix, 1), time: -DAY, verifiedAt: -DAY + 20 })
  for (const _ of times(20)) await guard.enter({ user, number: numberOf(prefix, 1), known: true })
  for (const place of times(3)) await guard.enter({ number: apart(prefix, place), verifiedAt: 20 })
  for (const place of times(5)) t.match(await send({ number: apart(prefix, 10 + place), time: 60 }), SEND)
  t.match(await send({ number: apart(prefix, 30), time: 60 }), SEND, 'without a code are 6 of 9: not enough')
  t.match(await send({ number: apart(prefix, 31), time: 60 }), blocked('prefix', 12 * HOUR), '7 of 10 are')
  t.match(await send({ user, number: numberOf(prefix, 1), time: 61 }), { ...SEND, known: true })
  t.match(await send({ number: numberOf(prefix, 2), safe: true, time: 61 }), SEND)
})

t.test('a prefix that is busy all the time trips at five times its own mean', async (t) => {
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

t.test('half of what trips a prefix asks for a human, where one can be asked for', async (t) => {
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

t.test('the fourth of numbers that follow each other within ten minutes trips their prefix', async (t) => {
  const send = guard.sender(rulesAlone(['prefix', 'consecutive']))
  const ask = async (place: number, time = 0, prefix = '+1202555') => {
    const number = numberOf(prefix, place)
    return send({ number, user: await guard.addUser(number), time })
  }
  for (const place of [120, 100, 130]) t.match(await ask(place), SEND)
  t.match(await ask(141), SEND, 'eleven from the next')
  t.match(await ask(110, 599), blocked('consecutive', 12 * HOUR))
  t.match(await ask(5_000, 600), blocked('consecutive', 12 * HOUR - 1), 'all of the prefix')

  for (const place of [120, 100, 130]) t.match(await ask(place, 0, '+1202556'), SEND)
  t.match(await ask(110, 600, '+1202556'), SEND, 'ten minutes later')

  for (const place of [120, 100, 130]) t.match(await ask(place, 0, '+1202557'), SEND)
  await guard.verify(numberOf('+1202557', 100), 10)
  t.match(await ask(110, 20, '+1202557'), SEND, 'the code of one was entered')
})

t.test('a country is closed when of twelve people who had their time nobody entered a code', async (t) => {
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
  t.match(await send({ time: 599 }), SEND, 'ten, one who asked twenty times, and those whom nothing may have reached')
  t.match(await send({ time: 898 }), SEND, 'the twelfth may still enter theirs')
  t.match(await send({ time: 899 }), blocked('conversion', 1_800))
  t.match(await send({ time: 959 }), blocked('conversion', 1_740))
  t.match(await send({ time: 959, country: 'CA' }), SEND)
  t.match(await send({ time: 959, country: null }), SEND)
  t.match(await send({ time: 959, safe: true }), SEND)
  t.match(await guard.sql('select data from events'), [
    { data: { scope: 'country', target: 'US', rule: 'conversion' } },
  ])
})

t.test('somebody who enters many codes is one person all the same', async (t) => {
  for (const nth of times(23)) await guard.enter({ time: nth - 400 })
  for (const nth of times(10)) await guard.enter({ number: '+12025550143', time: nth - 400, verifiedAt: -300 })
  t.match(await guard.asker(rulesAlone(['conversion']))({}), blocked('conversion', 1_800), '1 of 24')
})

t.test('a closed country is tried with five codes, and opened once three of them were entered', async (t) => {
  const send = guard.sender(rulesAlone(['conversion']))
  for (const nth of times(12)) await guard.enter({ time: nth - 400 })
  t.match(await send({}), blocked('conversion', 1_800))
  for (const nth of times(5)) t.match(await send({ number: apart('+1202555', nth), time: 1_800 + nth }), SEND)
  t.match(await send({ time: 1_810 }), blocked('conversion', 294), 'until the fifth has had its time')
  for (const nth of times(2)) await guard.verify(apart('+1202555', nth), 1_815)
  t.match(await send({ time: 1_820 }), blocked('conversion', 284))
  await guard.verify(apart('+1202555', 2), 1_821)
  t.match(await send({ time: 1_822 }), SEND)
  t.match(await guard.sql('select lifted_at from guard_blocks'), [{ lifted_at: at(1_822) }])
  for (const nth of times(11)) t.match(await send({ time: 1_823 + nth }), SEND)
  t.match(await send({ time: 3_000 }), SEND, 'what was before is forgotten: 0 of 11')
  t.match(await send({ time: 3_299 }), SEND)
  t.match(await send({ time: 3_300 }), blocked('conversion', 1_800), 'and 0 of 12 closes it for as long as at first')
})

t.test('a country whose five codes were not entered is closed for twice as long, half a day at most', async (t) => {
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

t.test('a country is measured against its own past once there is enough of it', async (t) => {
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
  t.match(await ask({}), SEND, '15 of 50 may be 44 %, and of the past too little is known')
  await fill(1, 1, -2 * DAY)
  t.match(await ask({}), blocked('conversion', 1_800), 'where 90 % are usual that is less than half')

  await guard.clear()
  await fill(500, 450, -2 * DAY)
  await fill(50, 17, -HOUR)
  t.match(await ask({}), SEND, '17 of 50 may be 48 %')
})

t.test('the latest six hours count, or the latest fifty where that is more', async (t) => {
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

t.test('a block by hand holds for everybody, by country or by first digits', async (t) => {
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
  t.match(await send({ user, number, time: 1 }), SEND, 'one number alone')
  await block('country', 'CA')
  t.match(await send({ user, number, time: 1 }), SEND)
  await guard.clear()
  await block('country', 'US')
  t.match(await send({ time: HOUR }), SEND, 'it ends')
})

t.test('an automatic block is on its own prefix, and not on longer numbers that begin alike', async (t) => {
  const send = guard.sender(rulesAlone(['prefix']))
  for (const place of times(7)) await guard.enter({ number: apart('+4930', place), country: 'DE' })
  t.match(await send({ number: apart('+4930', 8), country: 'DE' }), blocked('prefix', 12 * HOUR))
  t.match(await send({ number: '+493012345678', country: 'DE' }), SEND)
})

t.test('what was sent before a block was lifted is forgotten, and what comes after is counted', async (t) => {
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

t.test('what was sent before a block ran out is forgotten, however short it was', async (t) => {
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

t.test('what surely never left counts nowhere, and what a receipt calls failed counts', async (t) => {
  const [user, number, address, network] = [randomUUID(), '+12025550143', '192.0.2.7', '192.0.2.0/24']
  const common = { user, number, address, network, channel: 'voice' }
  for (const nth of times(60)) await guard.enter({ ...common, time: nth - 600, status: 'failed' })
  const ask = guard.asker(allRules({ humanCheck: false, budgets: { each: { messages: 10, cost: null } } }))
  t.match(await ask(common), SEND)
  t.match(await ask({ number }), SEND, 'nor does it make anybody else wait')
  await guard.sql('update sends set receipt_at = created_at')
  t.match(await ask(common), held('user.perHour', HOUR - 600 + 55))
})
