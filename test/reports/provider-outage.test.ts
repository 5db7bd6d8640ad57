import t from 'tap'
import type { SendResult } from '../../src/core/delivery/ports.ts'
import { providers } from '../../src/providers/index.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { createDelivery } from '../../src/start/delivery.ts'
import { createTextsFor } from '../../src/start/texts.ts'
import { createWorld } from '../support/app.ts'

const DOWN: SendResult = { outcome: 'failed', reason: 'HTTP 500' }

t.test('stays ready while the circuit of the only provider is open, and returns 503 for codes', async (t) => {
  let result: SendResult = { outcome: 'accepted' }
  const world = await createWorld(t, {
    breaker: { failures: 1, openFor: 60_000 },
    provider: { name: 'one', send: async () => result },
  })
  await world.addUser('alice')
  await world.addUser('bob', '+12025550144')
  const session = await world.logIn('alice')
  const { pending_token: token } = (await world.login('bob')).body
  const code = world.lastCode()
  await world.passTime(60)

  result = DOWN
  t.match(await world.login('alice'), { status: 503, body: { code: 'sms_unavailable' } })
  t.match(await world.get('/health/ready'), {
    status: 200,
    body: { status: 'degraded', delivery: [{ provider: 'one', channel: 'sms', state: 'open' }] },
  })
  t.match(await world.login('alice'), { status: 503, body: { code: 'sms_unavailable' } })
  t.equal((await world.verify(token, code)).status, 200)
  t.equal((await world.as(session.access_token).get('/me')).status, 200)
  t.equal((await world.refresh(session.refresh_token)).status, 200)
})

t.test('limits the Retry-After of a provider to 1 s to 1 hour', async (t) => {
  let result: SendResult = DOWN
  const world = await createWorld(t, { provider: { name: 'one', send: async () => result } })
  await world.addUser('alice')
  for (const [given, expected] of [
    [999_999, 3_600],
    [0, 1],
    [90, 90],
  ] as const) {
    result = { outcome: 'failed', reason: 'HTTP 429', retryAfter: given }
    t.match(await world.login('alice'), { status: 503, body: { code: 'sms_unavailable', retry_after: expected } })
  }
})

t.test('sends through a recovered provider within 5 s', async (t) => {
  const settings = loadSettings({ env: {}, providers })
  let elapsed = 0
  let result: SendResult = DOWN
  const sent: string[] = []
  const { dispatcher } = createDelivery(settings, {
    texts: createTextsFor(settings, 'example.com'),
    providers: [
      {
        name: settings.SMS_PROVIDERS[0]!,
        channels: ['sms'],
        send: async ({ sendId }) => {
          sent.push(sendId)
          return result
        },
      },
    ],
    ledger: { receive: async () => false } as never,
    clock: { now: () => Date.now(), elapsed: () => elapsed },
    onBreaker: () => {},
  })
  const to = '+12025550143'
  const send = async (sendId: string) => {
    const { provider } = dispatcher.candidates({ phone: to, country: 'US', channel: 'sms' })[0]!
    const entry = { sendId, provider, channel: 'sms' as const, price: null }
    const message = {
      to,
      code: '1',
      locale: 'en',
      text: '1',
      speech: [],
      speechLocale: 'en-US',
      channel: 'sms' as const,
    }
    return (await dispatcher.send(message, [entry as never], 4_000, async () => {})).outcome
  }
  const waits = () => dispatcher.candidates({ phone: to, country: 'US', channel: 'sms' })[0]!.retryAfter

  while (waits() === 0 && sent.length < 100) await send('down')
  t.ok(waits() <= 5, `the circuit is open for ${waits()} s`)
  for (let probes = 1; probes <= 3; probes += 1) {
    const before = sent.length
    elapsed += waits() * 1_000
    await Promise.all(Array.from({ length: 20 }, () => send('probe')))
    t.equal(sent.length - before, 1, 'one trial message at a time')
    t.ok(waits() > 0 && waits() <= 5, 'the wait does not grow')
  }
  result = { outcome: 'accepted' }
  elapsed += waits() * 1_000
  t.equal(await send('back'), 'accepted')
  t.strictSame(await Promise.all([send('a'), send('b')]), ['accepted', 'accepted'])
})
