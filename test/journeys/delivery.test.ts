import t from 'tap'
import type { SendResult } from '../../src/core/delivery/ports.ts'
import { STANDARD_NUMBERS } from '../../src/providers/development/scenarios.ts'
import { createWorld, PASSWORD, type TestProvider, type World } from '../support/app.ts'

/** Creates a provider whose next result can be set. */
const createScriptedProvider = () => {
  const scripted = {
    next: { outcome: 'accepted' } as SendResult,
    provider: { name: 'scripted', send: async () => scripted.next },
  }
  return scripted
}

t.test('a send that certainly failed starts no cooldown, and the former code stays valid', async (t) => {
  const scripted = createScriptedProvider()
  const world = await createWorld(t, { provider: scripted.provider })
  await world.addUser('alice')
  const first = (await world.login('alice')).body.pending_token
  const firstCode = world.lastCode()
  await world.passTime(30)

  scripted.next = { outcome: 'failed', reason: 'HTTP 500', retryAfter: 7 }
  t.match(await world.login('alice'), { status: 503, body: { code: 'sms_unavailable', retry_after: 7 } })
  t.match(await world.login('alice'), { status: 503, body: { code: 'sms_unavailable' } }, 'no cooldown for a retry')
  t.match(await world.resend(first), { status: 503, body: { code: 'sms_unavailable' } })
  t.equal((await world.get('/challenge', first)).body.state, 'waiting')
  t.equal((await world.verify(first, firstCode)).status, 200, 'the former code')

  scripted.next = { outcome: 'accepted' }
  const { status, body } = await world.login('alice')
  t.match({ status, body }, { status: 200, body: { delivery: { resend_in: 30 } } })
  t.equal(
    (await world.sql('select count(*)::int as n from challenges'))[0]?.n,
    2,
    'the withdrawn challenge left no row',
  )
})

t.test('keeps the challenge with status unknown after a send with an unknown outcome', async (t) => {
  const scripted = createScriptedProvider()
  scripted.next = { outcome: 'unknown', reason: 'no answer in time' }
  const world = await createWorld(t, { provider: scripted.provider })
  await world.addUser('alice')
  const login = await world.login('alice')
  const { body } = login
  t.match(login, { status: 200, body: { delivery: { status: 'unknown', resend_in: 30 } } })
  // The ledger is written after the response, so the status may be late.
  const status = async () => (await world.get('/challenge', body.pending_token)).body.delivery.status
  while ((await status()) === 'queued') await new Promise((resolve) => setTimeout(resolve, 5))
  t.equal(await status(), 'unknown')
  t.equal((await world.login('alice')).body.code, 'resend_cooldown', 'the send counts for the cooldown')
  t.equal((await world.verify(body.pending_token, world.lastCode())).status, 200)
})

t.test('returns destination_not_allowed for a number that the provider refuses', async (t) => {
  const scripted = createScriptedProvider()
  scripted.next = { outcome: 'refused', reason: 'HTTP 400' }
  const world = await createWorld(t, { provider: scripted.provider })
  await world.addUser('alice')
  t.match(await world.login('alice'), { status: 422, body: { code: 'destination_not_allowed' } })
  t.strictSame(await world.sql('select next_send_at <= now() as free, login_challenge_id from users'), [
    { free: true, login_challenge_id: null },
  ])
})

t.test('sends nothing to a country that is not listed, not even on a resend', async (t) => {
  const world = await createWorld(t, { countries: ['US', 'CA'] })
  const userId = await world.addUser('alice', '+12025550143')
  await world.addUser('jamaica', '+18765551234')
  await world.addUser('satellite', '+870772001234')
  for (const name of ['jamaica', 'satellite']) {
    t.match(await world.login(name), { status: 422, body: { code: 'destination_not_allowed' } }, name)
    t.equal(
      (await world.login(name, 'a wrong password')).body.code,
      'invalid_credentials',
      'only after a correct password',
    )
  }
  t.equal(world.messages.length, 0)
  const { pending_token: token } = (await world.login('alice')).body
  await world.passTime(30)
  await world.sql(`update factors set phone = '+18765551234' where user_id = $1`, [userId])
  t.equal((await world.resend(token)).body.code, 'destination_not_allowed')
  t.equal(world.messages.length, 1)
})

t.test('sends no message before a correct password', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice')
  for (let nth = 0; nth < 5; nth += 1) await world.login('alice', `wrong password ${nth}`)
  t.equal(world.messages.length, 0)
})

t.test('a failed send does not withdraw a newer login', async (t) => {
  let release = (_result: SendResult) => {}
  const results = [
    new Promise<SendResult>((resolve) => {
      release = resolve
    }),
    Promise.resolve<SendResult>({ outcome: 'accepted' }),
  ]
  const world = await createWorld(t, { provider: { name: 'slow', send: () => results.shift()! } })
  await world.addUser('alice')
  const slow = world.login('alice')
  while (world.messages.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await world.passTime(30)
  const { pending_token: token } = (await world.login('alice')).body
  const code = world.lastCode()
  release({ outcome: 'failed', reason: 'HTTP 500' })
  t.equal((await slow).body.code, 'sms_unavailable')
  t.equal((await world.verify(token, code)).status, 200)
})

/** Creates a provider that always returns this result on these channels. */
const answering = (name: string, result: SendResult, channels: TestProvider['channels'] = ['sms']): TestProvider => ({
  name,
  channels,
  send: async () => result,
})

const ACCEPTED: SendResult = { outcome: 'accepted' }
const DOWN: SendResult = { outcome: 'failed', reason: 'HTTP 503' }
const LOST: SendResult = { outcome: 'unknown', reason: 'ECONNRESET' }

/** Returns the ledger, oldest first. */
const ledgerOf = async (world: World) => {
  await world.ledger.drain()
  return world.sql('select provider, channel, status, reason from sends order by created_at')
}

t.test('fails over to the second provider and records both sends', async (t) => {
  const world = await createWorld(t, { providers: [answering('one', DOWN), answering('two', ACCEPTED)] })
  await world.addUser('alice')
  const login = await world.login('alice')
  t.match(login, { status: 200, body: { delivery: { channel: 'sms', status: 'sent' } } })
  t.same(
    world.messages.map(({ provider }) => provider),
    ['one', 'two'],
  )
  t.match(await ledgerOf(world), [
    { provider: 'one', status: 'failed', reason: 'HTTP 503' },
    { provider: 'two', status: 'sent' },
  ])
  t.equal((await world.verify(login.body.pending_token, world.lastCode())).status, 200)
})

t.test('sends no second SMS when the response of the first provider is lost', async (t) => {
  const world = await createWorld(t, { providers: [answering('one', LOST), answering('two', ACCEPTED)] })
  await world.addUser('alice')
  const login = await world.login('alice')
  t.match(login, { status: 200, body: { delivery: { status: 'unknown' } } })
  t.equal(world.messages.length, 1)
  t.match(await ledgerOf(world), [{ provider: 'one', status: 'unknown', reason: 'ECONNRESET' }])
  t.equal((await world.verify(login.body.pending_token, world.lastCode())).status, 200)
})

t.test('uses the order of providers of the country', async (t) => {
  const world = await createWorld(t, {
    providers: [answering('one', ACCEPTED), answering('two', ACCEPTED), answering('three', ACCEPTED)],
    routes: 'GB=two,one;JM,CA=three;*=one',
  })
  for (const [name, phone, provider] of [
    ['alice', '+12025550143', 'one'],
    ['bob', '+447400123456', 'two'],
    ['carol', '+18765551234', 'three'],
  ] as const) {
    await world.addUser(name, phone)
    t.equal((await world.login(name)).status, 200)
    t.equal(world.messages.at(-1)?.provider, provider, phone)
  }
})

t.test('records every failed provider and starts no cooldown when all fail', async (t) => {
  const world = await createWorld(t, { providers: [answering('one', DOWN), answering('two', DOWN)] })
  await world.addUser('alice')
  t.match(await world.login('alice'), { status: 503, body: { code: 'sms_unavailable' } })
  t.match(await ledgerOf(world), [
    { provider: 'one', status: 'failed' },
    { provider: 'two', status: 'failed' },
  ])
  t.match(await world.login('alice'), { status: 503 }, 'no cooldown')
})

t.test('skips a provider that keeps failing and reports degraded readiness', async (t) => {
  const breaker = { failures: 2, openFor: 60_000 }
  const world = await createWorld(t, { breaker, providers: [answering('one', DOWN), answering('two', ACCEPTED)] })
  for (const name of ['alice', 'bob', 'carol']) await world.addUser(name)
  t.match(await world.get('/health/ready'), { status: 200, body: { status: 'ready' } })
  for (const name of ['alice', 'bob', 'carol']) t.equal((await world.login(name)).status, 200)
  t.same(
    world.messages.map(({ provider }) => provider),
    ['one', 'two', 'one', 'two', 'two'],
    'the third login skips the first provider',
  )
  t.match(await world.get('/health/ready'), {
    status: 200,
    body: {
      status: 'degraded',
      delivery: [
        { provider: 'one', channel: 'sms', state: 'open' },
        { provider: 'two', channel: 'sms', state: 'closed' },
      ],
    },
  })

  const alone = await createWorld(t, { breaker, providers: [answering('one', DOWN)] })
  await alone.addUser('alice')
  for (let nth = 0; nth < 3; nth += 1) t.equal((await alone.login('alice')).body.code, 'sms_unavailable')
  t.equal(alone.messages.length, 2)
  t.match(await alone.login('alice'), { status: 503, body: { retry_after: 60 } })
  t.match(await alone.get('/health/ready'), { status: 200, body: { status: 'degraded' } })
})

t.test('after an undelivered receipt, resends at once through the next provider and then as a call', async (t) => {
  const world = await createWorld(t, {
    providers: [answering('one', ACCEPTED, ['sms', 'voice']), answering('two', ACCEPTED)],
  })
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  t.equal((await world.resend(token)).body.code, 'resend_cooldown')

  const report = (status: 'undelivered' | 'delivered') => {
    const { provider, sendId } = world.messages.at(-1)!
    return world.ledger.receive(provider, { sendId, status })
  }
  await report('undelivered')
  t.match((await world.get('/challenge', token)).body.delivery, { status: 'undelivered', resend_in: 0 })
  t.match(await world.resend(token), { status: 200, body: { delivery: { channel: 'sms' } } })
  t.equal(world.messages.at(-1)?.provider, 'two')

  await report('undelivered')
  t.match(await world.resend(token), { status: 200, body: { delivery: { channel: 'voice' } } })
  const call = world.messages.at(-1)!
  t.match(call, { provider: 'one', channel: 'voice', speechLocale: 'en-US' })
  t.equal(
    call.speech.filter((phrase) => phrase.replaceAll(/\D/g, '') === call.code).length,
    2,
    'the code is spoken twice',
  )

  await report('delivered')
  t.match((await world.get('/challenge', token)).body, { attempts_left: 5, delivery: { status: 'delivered' } })
  t.equal((await world.verify(token, world.lastCode())).status, 200)
})

t.test('all channels share one challenge, its guesses, cooldown and expiry', async (t) => {
  const world = await createWorld(t, { provider: answering('one', ACCEPTED, ['sms', 'voice', 'whatsapp']) })
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  const first = world.lastCode()
  t.equal((await world.verify(token, first === '000000' ? '000001' : '000000')).body.attempts_left, 4)
  t.equal((await world.resend(token, { channel: 'voice' })).body.code, 'resend_cooldown')
  await world.passTime(30)
  const call = await world.resend(token, { channel: 'voice' })
  t.match(call, { status: 200, body: { pending_token: token, delivery: { channel: 'voice', resend_in: 60 } } })
  t.ok(call.body.expires_in <= 270)
  t.equal((await world.resend(token, { channel: 'whatsapp' })).body.code, 'resend_cooldown')
  await world.passTime(60)
  t.equal((await world.resend(token, { channel: 'whatsapp' })).body.delivery.channel, 'whatsapp')
  t.equal((await world.get('/challenge', token)).body.attempts_left, 4)
  if (first !== world.lastCode())
    t.equal((await world.verify(token, first)).body.attempts_left, 3, 'the first code is invalid')
  t.equal((await world.verify(token, world.lastCode())).status, 200)
})

t.test('refuses a channel that is not configured with 400 and one without a route with 422', async (t) => {
  const world = await createWorld(t, {
    providers: [answering('one', ACCEPTED), answering('two', ACCEPTED, ['voice'])],
    routes: 'GB=one',
  })
  await world.addUser('alice', '+447400123456')
  const login = (members: object) => world.post('/login', { username: 'alice', password: PASSWORD, ...members })
  t.match(await login({ channel: 'whatsapp' }), { status: 400, body: { errors: [{ path: '/channel' }] } })
  t.match(await login({ channel: 'fax' }), { status: 400 })
  t.match(await login({ channel: 'voice' }), { status: 422, body: { code: 'destination_not_allowed' } })
  t.equal((await login({ channel: 'sms' })).status, 200)
})

t.test('sends the text in the user’s language, the request’s language or English', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice', '+12025550143', 'pt-BR')
  await world.addUser('bob', '+12025550144')
  const login = (username: string, language?: string) =>
    world.post(
      '/login',
      { username, password: PASSWORD },
      language === undefined ? {} : { 'accept-language': language },
    )
  await login('alice', 'de')
  t.equal(world.messages.at(-1)?.locale, 'pt-BR')
  await login('bob', 'fr-CH, de;q=0.5')
  t.equal(world.messages.at(-1)?.locale, 'fr')
  await world.passTime(30)
  await login('bob')
  t.equal(world.messages.at(-1)?.locale, 'en')
  for (const { text, code } of world.messages) t.ok(text.endsWith(`\n\n@example.com #${code}`))
})

t.test('records each send once, without its number', async (t) => {
  const world = await createWorld(t)
  await world.addUser('alice', '+12025550143')
  await world.login('alice')
  await world.passTime(30)
  await world.login('alice')
  t.equal(new Set(world.messages.map(({ sendId }) => sendId)).size, 2)
  const rows = await world.sql('select send_id, prefix, row_to_json(sends)::text as row from sends order by created_at')
  t.same(
    rows.map(({ send_id: id }) => id),
    world.messages.map(({ sendId }) => sendId),
  )
  for (const { prefix, row } of rows) {
    t.equal(prefix, '+1202555')
    t.notMatch(row, /2025550143/)
  }
})

t.test('scenario numbers use the full flow and all limits and reach no provider', async (t) => {
  const world = await createWorld(t, { scenarios: [...STANDARD_NUMBERS], codeTtl: 300, countries: ['GB'] })
  const login = async (name: string, phone: string) => {
    await world.addUser(name, phone)
    return world.login(name)
  }
  const status = async (token: string) => (await world.get('/challenge', token)).body.delivery.status
  const until = async (token: string, expected: string) => {
    for (let nth = 0; nth < 100 && (await status(token)) !== expected; nth += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    t.equal(await status(token), expected)
  }
  await until((await login('a', '+12025550150')).body.pending_token, 'delivered')
  const lost = (await login('b', '+12025550151')).body.pending_token
  await until(lost, 'undelivered')
  t.equal((await world.resend(lost)).status, 200, 'without a cooldown')
  t.equal((await login('c', '+12025550152')).status, 200)
  t.match(await login('d', '+12025550153'), { status: 503, body: { code: 'sms_unavailable', retry_after: 30 } })
  t.match(await login('e', '+12025550154'), { status: 503, body: { code: 'sms_unavailable' } })
  t.equal(world.messages.length, 0)
})

t.test('the fixed code of a scenario number has the usual limits and is used up once', async (t) => {
  const world = await createWorld(t, { scenarios: [{ phone: '+12025550155', scenario: 'code', code: '246810' }] })
  await world.addUser('reviewer', '+12025550155')
  const { pending_token: token } = (await world.login('reviewer')).body
  t.equal((await world.verify(token, '246811')).body.attempts_left, 4)
  t.equal((await world.login('reviewer')).body.code, 'resend_cooldown')
  t.equal((await world.verify(token, '246810')).status, 200)
  t.equal((await world.verify(token, '246810')).body.code, 'challenge_invalid')
})
