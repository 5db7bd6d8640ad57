import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import t from 'tap'
import type { ReceiptRequest } from '../../src/core/delivery/ports.ts'
import { telnyxProvider } from '../../src/providers/telnyx/index.ts'
import { createProvider, type ProviderReply, type ProviderVoice, sendOverWire } from '../../testing/index.ts'
import { MESSAGE, testRealProvider } from '../contracts/provider.ts'

const API_KEY = 'test.not-a-real-key'
const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const rawKey = (key: KeyObject) => key.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')

const settings = (url: string) => ({
  TELNYX_API_KEY: API_KEY,
  TELNYX_FROM: '+15551234567',
  TELNYX_PUBLIC_KEY: rawKey(publicKey),
  TELNYX_VOICE_FROM: '+13120001234',
  TELNYX_TEXML_APP_ID: '1234567890123456789',
  TELNYX_WHATSAPP_FROM: '+13125551234',
  TELNYX_WHATSAPP_TEMPLATE: 'login_code',
  TELNYX_URL: url,
})
const bare = { TELNYX_API_KEY: API_KEY, TELNYX_FROM: 'Example', TELNYX_URL: 'https://api.telnyx.com' }

const json = (status: number, body: unknown): ProviderReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const errors = (code: string, source?: object) => ({ errors: [{ code, title: 'Title', detail: 'Detail', source }] })

const voice: ProviderVoice = {
  accepted: () => json(200, { data: { id: 'msg-1', to: [{ status: 'queued' }], errors: [] } }),
  refused: ({ body }) =>
    json(400, { errors: [{ code: '40310', title: "Invalid 'to' address", detail: `Not a number: ${body}` }] }),
  lie: ({ body, headers }) => json(200, { errors: [{ code: '10007', detail: `cannot send ${body}`, headers }] }),
}

testRealProvider(t, { definition: telnyxProvider, settings, secrets: [API_KEY], voice })

const HEADERS = { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json', accept: 'application/json' }
const RECEIPTS = `https://auth.example.com/webhooks/sms/telnyx?send_id=${MESSAGE.sendId}`

t.test('sends an SMS as documented under "Send a message"', async (t) => {
  const message = { ...MESSAGE, to: '+15559876543', text: 'Hello, world! ✓' }
  const { requests, result } = await sendOverWire(telnyxProvider, settings('https://api.telnyx.com/'), message, {
    body: '{"data":{"id":"40385f64-5717-4562-b3fc-2c963f66afa6"}}',
  })
  t.same(result, { outcome: 'accepted', messageId: '40385f64-5717-4562-b3fc-2c963f66afa6' })
  t.same(requests, [
    {
      method: 'POST',
      url: 'https://api.telnyx.com/v2/messages',
      headers: HEADERS,
      body: `{"from":"+15551234567","to":"+15559876543","text":"Hello, world! ✓","webhook_url":"${RECEIPTS}"}`,
    },
  ])
})

t.test('sends an alphanumeric sender with its profile, and requests no receipt without a key', async (t) => {
  const { requests } = await sendOverWire(
    telnyxProvider,
    { ...bare, TELNYX_MESSAGING_PROFILE_ID: '4000eba1-a0c0-4563-9925-b25e842a7cb6' },
    { ...MESSAGE, to: '+15559876543', text: 'Hello, world!' },
  )
  t.equal(
    requests[0]?.body,
    '{"from":"Example","to":"+15559876543","text":"Hello, world!","messaging_profile_id":"4000eba1-a0c0-4563-9925-b25e842a7cb6"}',
  )
})

t.test('places a call as documented under "Create a connection-scoped TeXML call"', async (t) => {
  const { requests, result } = await sendOverWire(
    telnyxProvider,
    settings('https://api.telnyx.com'),
    { ...MESSAGE, channel: 'voice', to: '+13121230000', speech: ['Tom & "Co" <b>', "1 2 '3"], speechLocale: 'en-GB' },
    { body: '{"call_sid":"v3:call-control-id","from":"+13120001234","to":"+13121230000","status":"queued"}' },
  )
  t.same(result, { outcome: 'accepted', messageId: 'v3:call-control-id' })
  t.equal(requests[0]?.url, 'https://api.telnyx.com/v2/texml/calls/1234567890123456789')
  t.same(requests[0]?.headers, HEADERS)
  const texml =
    '<?xml version=\\"1.0\\" encoding=\\"UTF-8\\"?><Response>' +
    '<Say voice=\\"alice\\" language=\\"en-GB\\">Tom &amp; &quot;Co&quot; &lt;b&gt;</Say><Pause length=\\"1\\"/>' +
    '<Say voice=\\"alice\\" language=\\"en-GB\\">1 2 &apos;3</Say><Pause length=\\"1\\"/></Response>'
  t.equal(
    requests[0]?.body,
    `{"From":"+13120001234","To":"+13121230000","Texml":"${texml}","StatusCallback":"${RECEIPTS}","StatusCallbackMethod":"POST"}`,
  )
})

t.test('sends a template as documented under "Send WhatsApp Messages"', async (t) => {
  const { requests } = await sendOverWire(telnyxProvider, settings('https://api.telnyx.com'), {
    ...MESSAGE,
    channel: 'whatsapp',
    to: '+15559876543',
    locale: 'pt-BR',
  })
  t.equal(requests[0]?.url, 'https://api.telnyx.com/v2/messages/whatsapp')
  t.equal(
    requests[0]?.body,
    '{"from":"+13125551234","to":"+15559876543","whatsapp_message":{"type":"template","template":' +
      '{"name":"login_code","language":{"code":"pt_BR"},"components":[' +
      '{"type":"body","parameters":[{"type":"text","text":"049281"}]},' +
      '{"type":"button","sub_type":"url","index":0,"parameters":[{"type":"text","text":"049281"}]}]}},' +
      `"webhook_url":"${RECEIPTS}"}`,
  )
})

t.test('offers a channel only with its settings, and fails messages of other channels', async (t) => {
  t.same((await createProvider(telnyxProvider, settings('https://x.example'))).channels, ['sms', 'voice', 'whatsapp'])
  const provider = await createProvider(telnyxProvider, { ...bare, TELNYX_VOICE_FROM: '+13120001234' })
  t.same(provider.channels, ['sms'])
  t.equal(provider.readReceipt, undefined)
  const { requests, result } = await sendOverWire(telnyxProvider, bare, { ...MESSAGE, channel: 'voice' })
  t.equal(result.outcome, 'failed')
  t.same(requests, [])
})

const judge = async ({ status, headers = {}, body = '' }: ProviderReply) =>
  (await sendOverWire(telnyxProvider, bare, MESSAGE, { status, headers, body })).result

t.test('distinguishes errors of the number, of the request and of Telnyx', async (t) => {
  const cases: [status: number, body: unknown, expected: object][] = [
    [400, errors('40310'), { outcome: 'refused', reason: 'HTTP 400, code 40310' }],
    [409, errors('40300'), { outcome: 'refused', reason: 'HTTP 409, code 40300' }],
    [400, errors('40001'), { outcome: 'refused', reason: 'HTTP 400, code 40001' }],
    [422, errors('10002', { pointer: '/to' }), { outcome: 'refused', reason: 'HTTP 422, code 10002' }],
    [422, errors('10016', { pointer: '/to/0/phone_number' }), { outcome: 'refused', reason: 'HTTP 422, code 10016' }],
    [422, errors('10016', { pointer: '/To' }), { outcome: 'refused', reason: 'HTTP 422, code 10016' }],
    [422, errors('10016', { pointer: '/from' }), { outcome: 'failed', reason: 'HTTP 422, code 10016' }],
    [422, errors('10002'), { outcome: 'failed', reason: 'HTTP 422, code 10002' }],
    [400, errors('40305'), { outcome: 'failed', reason: 'HTTP 400, code 40305' }],
    [400, errors('40301'), { outcome: 'failed', reason: 'HTTP 400, code 40301' }],
    [403, errors('40312'), { outcome: 'failed', reason: 'HTTP 403, code 40312' }],
    [400, errors('40333'), { outcome: 'failed', reason: 'HTTP 400, code 40333' }],
    [401, errors('10009'), { outcome: 'failed', reason: 'HTTP 401, code 10009' }],
    [403, errors('20100'), { outcome: 'failed', reason: 'HTTP 403, code 20100' }],
    [500, errors('10007'), { outcome: 'failed', reason: 'HTTP 500, code 10007' }],
    [408, errors('10008'), { outcome: 'unknown', reason: 'HTTP 408, code 10008' }],
    [504, 'gateway', { outcome: 'unknown', reason: 'HTTP 504' }],
    [400, { errors: [{ code: 'no code at all: +18009998877' }] }, { outcome: 'failed', reason: 'HTTP 400' }],
    [400, { errors: [null, 7, {}] }, { outcome: 'failed', reason: 'HTTP 400' }],
    [200, errors('40310'), { outcome: 'refused', reason: 'HTTP 200, code 40310' }],
    [200, { data: { id: 'msg-1', ...errors('10007') } }, { outcome: 'failed', reason: 'HTTP 200, code 10007' }],
    [
      200,
      { data: { id: 'msg-1', to: [{ status: 'sending_failed' }] } },
      { outcome: 'failed', reason: 'sending_failed' },
    ],
    [200, { data: { status: 'queued' } }, { outcome: 'accepted' }],
    [200, { data: { id: 'x'.repeat(200) } }, { outcome: 'accepted', messageId: 'x'.repeat(100) }],
    [200, { data: {} }, { outcome: 'unknown', reason: 'unreadable answer' }],
  ]
  for (const [status, body, expected] of cases) {
    t.same(await judge(json(status, body)), expected, `${status} ${JSON.stringify(body).slice(0, 80)}`)
  }
  t.same(await judge({ ...json(429, errors('10011')), headers: { 'retry-after': '5' } }), {
    outcome: 'failed',
    reason: 'HTTP 429, code 10011',
    retryAfter: 5,
  })
})

const NOW = 1_790_000_000_000
const TIME = String(NOW / 1000)
const ID = '40385f64-5717-4562-b3fc-2c963f66afa6'

/** Returns a request signed as Telnyx documents it. */
const signed = (
  body: string,
  { time = TIME, key = privateKey, type = 'application/json', url = RECEIPTS } = {},
): ReceiptRequest => ({
  url,
  headers: {
    'content-type': type,
    'telnyx-timestamp': time,
    'telnyx-signature-ed25519': sign(null, Buffer.from(`${time}|${body}`), key).toString('base64'),
  },
  body: Buffer.from(body),
  now: NOW,
})

const event = (status: unknown, { payload = {}, type = 'message.finalized', meta = {} as object | null } = {}) =>
  JSON.stringify({
    data: { event_type: type, id: 'event-1', payload: { id: ID, to: [{ phone_number: '+1', status }], ...payload } },
    meta,
  })

const reader = async () => {
  const { readReceipt } = await createProvider(telnyxProvider, settings('https://api.telnyx.com'))
  return readReceipt!
}

t.test('maps the status of a receipt about a message', async (t) => {
  const read = await reader()
  const statuses = {
    sent: 'sent',
    delivered: 'delivered',
    read: 'delivered',
    delivery_failed: 'undelivered',
    expired: 'undelivered',
    sending_failed: 'failed',
    failed: 'failed',
  }
  for (const [word, status] of Object.entries(statuses)) {
    const type = word === 'sent' ? 'message.sent' : 'message.finalized'
    t.same(
      read(signed(event(word, { type }))),
      { outcome: 'read', receipts: [{ sendId: MESSAGE.sendId, messageId: ID, status }] },
      word,
    )
  }
  for (const word of ['queued', 'sending', 'delivery_unconfirmed', 'toString', 7, null]) {
    t.same(read(signed(event(word))), { outcome: 'read', receipts: [] }, String(word))
  }
  t.same(read(signed(event('received', { type: 'message.received' }))), { outcome: 'read', receipts: [] })
})

t.test('passes on the error code of a receipt, but no error text', async (t) => {
  const read = await reader()
  const payload = errors('40001')
  t.match(read(signed(event('delivery_failed', { payload }))), { receipts: [{ reason: '40001' }] })
  const words = errors('Not routable: +18009998877')
  const { receipts } = { receipts: [], ...read(signed(event('delivery_failed', { payload: words }))) }
  t.same(receipts, [{ sendId: MESSAGE.sendId, messageId: ID, status: 'undelivered' }])
})

t.test('prefers the signed send id over the one in the URL', async (t) => {
  const read = await reader()
  const other = 'a1b2c3d4-e5f6-4708-890a-0b0c0d0e0f10'
  const url = RECEIPTS.replace(MESSAGE.sendId, other)
  for (const body of [
    event('delivered', { payload: { webhook_url: RECEIPTS } }),
    event('delivered', { meta: { attempt: 1, delivered_to: RECEIPTS } }),
  ]) {
    t.match(read(signed(body, { url })), { receipts: [{ sendId: MESSAGE.sendId }] })
  }
  t.match(read(signed(event('delivered'), { url })), { receipts: [{ sendId: other }] })
  for (const url of ['', 'no address', 'https://auth.example.com/', `${RECEIPTS}'--`]) {
    t.same(
      read(signed(event('delivered', { meta: null }), { url })),
      { outcome: 'read', receipts: [{ messageId: ID, status: 'delivered' }] },
      url,
    )
  }
})

t.test('maps the status of a receipt about a call', async (t) => {
  const read = await reader()
  const form = 'application/x-www-form-urlencoded; charset=utf-8'
  const call = (status: string) =>
    signed(`AccountSid=a&CallSid=v3%3Acall&CallStatus=${status}&HangupCause=normal_clearing`, { type: form })
  const ids = { sendId: MESSAGE.sendId, messageId: 'v3:call' }
  const reason = 'normal_clearing'
  t.same(read(call('completed')), { outcome: 'read', receipts: [{ ...ids, status: 'delivered' }] })
  t.same(read(call('busy')), { outcome: 'read', receipts: [{ ...ids, status: 'undelivered', reason }] })
  t.same(read(call('no-answer')), { outcome: 'read', receipts: [{ ...ids, status: 'undelivered', reason }] })
  t.same(read(call('failed')), { outcome: 'read', receipts: [{ ...ids, status: 'failed', reason }] })
  t.same(read(call('canceled')), { outcome: 'read', receipts: [{ ...ids, status: 'failed', reason }] })
  t.same(read(call('ringing')), { outcome: 'read', receipts: [] })
  t.same(read(signed('CallSid=v3', { type: form })), { outcome: 'unreadable' })
})

t.test('rejects as forged a receipt that Telnyx did not sign', async (t) => {
  const read = await reader()
  const genuine = signed(event('delivered'))
  const changed = Buffer.from(genuine.body)
  changed[10]! ^= 1
  const without = (name: string) => ({ ...genuine, headers: { ...genuine.headers, [name]: undefined } })
  const withHeader = (name: string, value: string) => ({ ...genuine, headers: { ...genuine.headers, [name]: value } })
  const signature = genuine.headers['telnyx-signature-ed25519']!
  for (const [request, because] of [
    [{ ...genuine, body: changed }, 'one byte of the body differs'],
    [{ ...genuine, body: Buffer.alloc(0) }, 'the body is empty'],
    [signed(event('delivered'), { key: generateKeyPairSync('ed25519').privateKey }), 'the key differs'],
    [withHeader('telnyx-timestamp', String(Number(TIME) + 1)), 'the time differs'],
    [withHeader('telnyx-timestamp', `${TIME} `), 'the time is invalid'],
    [withHeader('telnyx-signature-ed25519', signature.slice(4)), 'the signature is short'],
    [withHeader('telnyx-signature-ed25519', 'garbage ✓'), 'the signature is garbage'],
    [withHeader('telnyx-signature-ed25519', ''), 'the signature is empty'],
    [without('telnyx-signature-ed25519'), 'the signature is missing'],
    [without('telnyx-timestamp'), 'the time is missing'],
    [{ ...genuine, headers: {} }, 'all headers are missing'],
  ] as const) {
    t.same(read(request), { outcome: 'forged' }, because)
  }
})

t.test('rejects as stale a receipt signed more than 300 s ago or ahead', async (t) => {
  const read = await reader()
  for (const [seconds, outcome] of [
    [-301, 'stale'],
    [-300, 'read'],
    [300, 'read'],
    [301, 'stale'],
  ] as const) {
    t.equal(read(signed(event('delivered'), { time: String(Number(TIME) + seconds) })).outcome, outcome, `${seconds} s`)
  }
})

t.test('reports malformed signed receipts as unreadable and never throws', async (t) => {
  const read = await reader()
  for (const body of [
    '',
    ' ',
    'null',
    '[]',
    '7',
    '{}',
    '{"data":null}',
    '{"data":{}}',
    '{',
    '\u0000',
    'x'.repeat(1e6),
  ]) {
    t.same(read(signed(body)), { outcome: 'unreadable' }, JSON.stringify(body.slice(0, 20)))
  }
  for (const payload of [{ to: null }, { to: 'x' }, { to: [null] }, { to: [7] }, { errors: {} }, { errors: [null] }]) {
    t.equal(read(signed(event('delivered', { payload }))).outcome, 'read', JSON.stringify(payload))
  }
  t.same(read(signed(event('delivered', { payload: { id: 7 } }), { url: '' })), { outcome: 'read', receipts: [] })
})
