import { createHmac } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import t, { type Test } from 'tap'
import { crondockProvider } from '../../src/providers/crondock/index.ts'
import { twilioProvider } from '../../src/providers/twilio/index.ts'
import { createProvider, type ProviderVoice, startFakeProvider } from '../../testing/index.ts'
import { createWorld, ISSUER } from '../support/app.ts'

const TOKEN = 'test.not-a-real-token'
const RECEIPTS = `${ISSUER}/webhooks/sms/twilio`

const json = (status: number, body: unknown) => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

const TWILIO: ProviderVoice = {
  accepted: ({ path }) =>
    json(201, { sid: path.includes('Calls') ? 'CA1' : 'SM1', status: 'queued', error_code: null }),
  refused: () => json(400, { code: 21211, status: 400 }),
  lie: () => json(201, { sid: 'SM1', status: 'failed', error_code: 30008 }),
}
const CRONDOCK: ProviderVoice = {
  accepted: () => json(200, { id: 'msg-1' }),
  refused: () => json(400, {}),
  lie: () => json(200, { error: 'x' }),
}

/** Starts both fake providers, CronDock first, and adds one user. */
const setUp = async (t: Test) => {
  const [crondock, twilio] = [await startFakeProvider(CRONDOCK), await startFakeProvider(TWILIO)]
  t.teardown(() => Promise.all([crondock.close(), twilio.close()]))
  const tools = { receiptsUrl: RECEIPTS }
  const providers = [
    await createProvider(crondockProvider, { CRONDOCK_API_KEY: TOKEN, CRONDOCK_URL: crondock.url }, tools),
    await createProvider(
      twilioProvider,
      {
        TWILIO_ACCOUNT_SID: `AC${'X'.repeat(32)}`,
        TWILIO_AUTH_TOKEN: TOKEN,
        TWILIO_FROM: '+15017122661',
        TWILIO_VOICE_FROM: '+15017122661',
        TWILIO_URL: twilio.url,
      },
      tools,
    ),
  ]
  const world = await createWorld(t, { providers })
  await world.addUser('alice')

  /** Sends a signed status callback as Twilio does. */
  const report = (fields: Record<string, string>, token = TOKEN) => {
    const url = new URLSearchParams(twilio.requests.at(-1)?.body).get('StatusCallback')!
    const signed =
      url +
      Object.keys(fields)
        .sort()
        .map((name) => name + fields[name])
        .join('')
    return world.send({
      method: 'POST',
      url: url.slice(ISSUER.length),
      payload: new URLSearchParams(fields).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
        'x-twilio-signature': createHmac('sha1', token).update(signed).digest('base64'),
      },
    })
  }
  const statusOf = async (token: string) => {
    // The outcome is written after the response.
    await world.ledger.drain()
    return (await world.get('/challenge', token)).body.delivery.status
  }
  return { world, crondock, twilio, report, statusOf }
}

for (const mode of ['gone', 'failing', 'limiting', 'lying', 'redirecting'] as const) {
  t.test(`sends the code through the second provider within 5 s when the first is ${mode}`, async (t) => {
    const { world, crondock, twilio } = await setUp(t)
    if (mode === 'gone') await crondock.close()
    else crondock.mode = mode
    const since = performance.now()
    const { status, body } = await world.login('alice')
    t.match({ status, body }, { status: 200, body: { delivery: { status: 'sent' } } })
    t.ok(performance.now() - since < 5_000)
    const text = new URLSearchParams(twilio.requests[0]?.body).get('Body')
    t.equal(twilio.requests.length, 1)
    t.equal((await world.verify(body.pending_token, /#(\d{6})$/.exec(text!)![1]!)).status, 200)
  })
}

t.test('sends no second SMS when the first provider accepts and then resets the connection', async (t) => {
  const { world, crondock, twilio } = await setUp(t)
  crondock.mode = 'resetting'
  t.match(await world.login('alice'), { status: 200, body: { delivery: { status: 'unknown' } } })
  t.equal(crondock.requests.length, 1)
  t.equal(twilio.requests.length, 0)
})

t.test('calls after a signed undelivered receipt of Twilio, and the code of the call logs in', async (t) => {
  const { world, crondock, twilio, report, statusOf } = await setUp(t)
  await crondock.close()
  const { pending_token: token } = (await world.login('alice')).body
  const message = { MessageSid: 'SM1', To: '+12025550143', ErrorCode: '30003' }

  t.equal((await report({ ...message, MessageStatus: 'undelivered' }, 'another token')).status, 403, 'forged')
  t.equal(await statusOf(token), 'sent')
  for (const status of ['sent', 'undelivered', 'sent', 'undelivered']) {
    t.equal((await report({ ...message, MessageStatus: status })).status, 204, `${status}, in any order and repeated`)
  }
  t.equal(await statusOf(token), 'undelivered')

  t.match(await world.resend(token), { status: 200, body: { delivery: { channel: 'voice', status: 'sent' } } })
  const call = new URLSearchParams(twilio.requests.at(-1)?.body)
  t.match(twilio.requests.at(-1)?.path, /\/Calls\.json$/)
  const digits = [...world.lastCode()].join(', ')
  t.equal(call.get('Twiml')?.split(digits).length, 3, 'the digits are spoken one by one, twice')
  t.equal((await report({ CallSid: 'CA1', CallStatus: 'completed' })).status, 204)
  t.equal(await statusOf(token), 'delivered')
  const { body } = await world.verify(token, world.lastCode())
  const claims = JSON.parse(Buffer.from(body.access_token.split('.')[1], 'base64url').toString())
  t.same(claims.amr, ['pwd', 'tel', 'mfa'], 'the amr of a call (RFC 8176)')
})
