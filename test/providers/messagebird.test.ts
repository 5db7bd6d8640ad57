import { createHash, createHmac, randomUUID } from 'node:crypto'
import t from 'tap'
import type { ReceiptRequest } from '../../src/core/delivery/ports.ts'
import { messagebirdProvider } from '../../src/providers/messagebird/index.ts'
import { createProvider, type ProviderReply, type ProviderVoice, sendOverWire } from '../../testing/index.ts'
import { MESSAGE, testRealProvider, testReceipts } from '../contracts/provider.ts'

const ACCESS_KEY = 'test.not-a-real-key'
const SIGNING_KEY = 'test.not-a-real-signing-key'
const ADDRESS = 'https://rest.messagebird.com'
const { sendId } = MESSAGE

const settings = (url: string) => ({
  MESSAGEBIRD_ACCESS_KEY: ACCESS_KEY,
  MESSAGEBIRD_FROM: 'MessageBird',
  MESSAGEBIRD_SIGNING_KEY: SIGNING_KEY,
  MESSAGEBIRD_VOICE_FROM: '+31612345670',
  MESSAGEBIRD_URL: url,
})
const bare = { MESSAGEBIRD_ACCESS_KEY: ACCESS_KEY, MESSAGEBIRD_FROM: '+31612345670', MESSAGEBIRD_URL: ADDRESS }

const json = (status: number, body: unknown): ProviderReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const ID = 'e8077d803532c0b5937c639b60216938'
const taken = (status: string) => ({
  id: ID,
  href: `${ADDRESS}/messages/${ID}`,
  direction: 'mt',
  recipients: { totalCount: 1, totalSentCount: 1, items: [{ recipient: 31612345678, status }] },
})
const errors = (code: unknown, parameter: string | null = null, description = 'description') => ({
  errors: [{ code, description, parameter }],
})

const voice: ProviderVoice = {
  accepted: () => json(201, taken('sent')),
  refused: ({ body }) => json(422, errors(9, 'recipients', `no (correct) recipients found in ${body}`)),
  lie: ({ body, headers }) => json(201, { ...errors(25, null, `not enough balance for ${body}`), headers }),
}

testRealProvider(t, { definition: messagebirdProvider, settings, secrets: [ACCESS_KEY, SIGNING_KEY], voice })

const HEADERS = {
  authorization: `AccessKey ${ACCESS_KEY}`,
  'content-type': 'application/json',
  accept: 'application/json',
}
const RECEIPTS = 'https://auth.example.com/webhooks/sms/messagebird'

t.test('sends an SMS as documented under "Send a message"', async (t) => {
  const message = { ...MESSAGE, to: '+31612345678', text: 'This is a test message ✓' }
  const { requests, result } = await sendOverWire(messagebirdProvider, settings(`${ADDRESS}/`), message, {
    status: 201,
    body: JSON.stringify(taken('sent')),
  })
  t.same(result, { outcome: 'accepted', messageId: ID })
  t.same(requests, [
    {
      method: 'POST',
      url: `${ADDRESS}/messages`,
      headers: HEADERS,
      body:
        '{"originator":"MessageBird","recipients":["31612345678"],"body":"This is a test message ✓",' +
        `"datacoding":"auto","reference":"${sendId}","reportUrl":"${RECEIPTS}"}`,
    },
  ])
})

t.test('neither requests nor reads receipts without a signing key or a public address', async (t) => {
  const message = { ...MESSAGE, to: '+31612345678', text: 'This is a test message' }
  const plain =
    '{"originator":"31612345670","recipients":["31612345678"],"body":"This is a test message",' +
    `"datacoding":"auto","reference":"${sendId}"}`
  t.equal((await sendOverWire(messagebirdProvider, bare, message)).requests[0]?.body, plain)
  t.equal((await createProvider(messagebirdProvider, bare)).readReceipt, undefined)

  const signed = { ...settings(ADDRESS), MESSAGEBIRD_FROM: '+31612345670' }
  const { requests } = await sendOverWire(messagebirdProvider, signed, message, {}, { receiptsUrl: undefined })
  t.equal(requests[0]?.body, plain)
})

t.test('places a call as documented under "Send a voice message", one paragraph a phrase', async (t) => {
  const { requests, result } = await sendOverWire(
    messagebirdProvider,
    settings(ADDRESS),
    { ...MESSAGE, channel: 'voice', to: '+31612345678', speech: ['Hey you', '1, 2'], speechLocale: 'nl-NL' },
    { status: 201, body: JSON.stringify({ ...taken('calling'), language: 'nl-nl' }) },
  )
  t.same(result, { outcome: 'accepted', messageId: ID })
  t.same(requests, [
    {
      method: 'POST',
      url: `${ADDRESS}/voicemessages`,
      headers: HEADERS,
      body:
        '{"originator":"31612345670","recipients":["31612345678"],"body":"Hey you.\\n\\n1, 2.","language":"nl-nl",' +
        `"voice":"female","repeat":1,"ifMachine":"continue","reference":"${sendId}","reportUrl":"${RECEIPTS}"}`,
    },
  ])
})

t.test('offers a channel only with its settings, and fails messages of other channels', async (t) => {
  t.same((await createProvider(messagebirdProvider, settings(ADDRESS))).channels, ['sms', 'voice'])
  t.same((await createProvider(messagebirdProvider, bare)).channels, ['sms'])
  for (const channel of ['voice', 'whatsapp'] as const) {
    const { requests, result } = await sendOverWire(messagebirdProvider, bare, { ...MESSAGE, channel })
    t.equal(result.outcome, 'failed')
    t.same(requests, [])
  }
})

t.test('sends to rest.messagebird.com by default', async (t) => {
  t.match(messagebirdProvider.settings.properties['MESSAGEBIRD_URL'], { default: ADDRESS })
})

const judge = async ({ status, headers = {}, body = '' }: ProviderReply) =>
  (await sendOverWire(messagebirdProvider, bare, MESSAGE, { status, headers, body })).result

t.test('distinguishes errors of the number, of the request and of MessageBird', async (t) => {
  const several = { errors: [...errors(9, 'originator').errors, null, ...errors(9, 'recipients').errors] }
  const cases: [status: number, body: unknown, expected: object][] = [
    [422, errors(9, 'recipients'), { outcome: 'refused', reason: 'HTTP 422, code 9' }],
    [422, errors(10, 'recipients'), { outcome: 'refused', reason: 'HTTP 422, code 10' }],
    [400, errors(21, 'recipient'), { outcome: 'refused', reason: 'HTTP 400, code 21' }],
    [422, several, { outcome: 'refused', reason: 'HTTP 422, code 9' }],
    [422, errors(9, 'originator'), { outcome: 'failed', reason: 'HTTP 422, code 9' }],
    [422, errors(10, 'language'), { outcome: 'failed', reason: 'HTTP 422, code 10' }],
    [422, errors(2, 'recipients'), { outcome: 'failed', reason: 'HTTP 422, code 2' }],
    [401, errors(2, 'access_key'), { outcome: 'failed', reason: 'HTTP 401, code 2' }],
    [402, errors(25), { outcome: 'failed', reason: 'HTTP 402, code 25' }],
    [404, errors(20), { outcome: 'failed', reason: 'HTTP 404, code 20' }],
    [405, errors(98), { outcome: 'failed', reason: 'HTTP 405, code 98' }],
    [500, errors(99), { outcome: 'failed', reason: 'HTTP 500, code 99' }],
    [503, 'closed', { outcome: 'failed', reason: 'HTTP 503' }],
    [422, errors('18009998877'), { outcome: 'failed', reason: 'HTTP 422' }],
    [422, errors({}), { outcome: 'failed', reason: 'HTTP 422' }],
    [408, null, { outcome: 'unknown', reason: 'HTTP 408' }],
    [502, null, { outcome: 'unknown', reason: 'HTTP 502' }],
    [504, errors(9, 'recipients'), { outcome: 'unknown', reason: 'HTTP 504, code 9' }],
  ]
  for (const [status, body, expected] of cases) {
    t.same(await judge(json(status, body)), expected, `${status} ${JSON.stringify(body)}`)
  }
  t.same(await judge({ ...json(429, errors(2)), headers: { 'retry-after': '3' } }), {
    outcome: 'failed',
    reason: 'HTTP 429, code 2',
    retryAfter: 3,
  })
})

t.test('derives the outcome of a success status from the body', async (t) => {
  const cases: [body: unknown, expected: object][] = [
    [taken('sent'), { outcome: 'accepted', messageId: ID }],
    [taken('buffered'), { outcome: 'accepted', messageId: ID }],
    [
      { id: 'x'.repeat(1_000), recipients: null, errors: [] },
      { outcome: 'accepted', messageId: 'x'.repeat(100) },
    ],
    [taken('delivery_failed'), { outcome: 'failed', reason: 'delivery_failed' }],
    [taken('expired'), { outcome: 'failed', reason: 'expired' }],
    [taken('failed'), { outcome: 'failed', reason: 'failed' }],
    [
      { ...taken('sent'), ...errors(25) },
      { outcome: 'failed', reason: 'HTTP 201, code 25' },
    ],
    [
      { ...taken('sent'), ...errors(9, 'recipients') },
      { outcome: 'refused', reason: 'HTTP 201, code 9' },
    ],
    [{ id: '' }, { outcome: 'unknown', reason: 'unreadable answer' }],
    [{ id: 7 }, { outcome: 'unknown', reason: 'unreadable answer' }],
    [{}, { outcome: 'unknown', reason: 'unreadable answer' }],
    ['sent', { outcome: 'unknown', reason: 'unreadable answer' }],
  ]
  for (const [body, expected] of cases) t.same(await judge(json(201, body)), expected, JSON.stringify(body))
})

const NOW = 1_790_000_000_000
const NOTHING: Buffer = Buffer.alloc(0)
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const hash = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')

/** Returns a request signed as MessageBird does it: a request without a body has no payload hash. */
const signed = (
  url: string,
  { at = NOW, body = NOTHING, header = {}, claims = {}, key = SIGNING_KEY } = {},
): ReceiptRequest => {
  const input = [
    encode({ alg: 'HS256', typ: 'JWT', ...header }),
    encode({
      iss: 'MessageBird',
      nbf: at / 1_000,
      exp: at / 1_000 + 60,
      jti: randomUUID(),
      url_hash: hash(url),
      ...(body.length > 0 && { payload_hash: hash(body) }),
      ...claims,
    }),
  ].join('.')
  const token = `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`
  return { url, headers: { 'messagebird-signature-jwt': token }, body, now: at }
}

const addressOf = (parameters: Record<string, string>) =>
  `${RECEIPTS}?${new URLSearchParams({ id: ID, reference: sendId, recipient: '31612345678', ...parameters })}`

const reader = async () => (await createProvider(messagebirdProvider, settings(ADDRESS))).readReceipt!

const WORDS = { sent: 'sent', delivered: 'delivered', undelivered: 'delivery_failed', failed: 'failed' }

testReceipts(t, {
  definition: messagebirdProvider,
  settings: settings(ADDRESS),
  otherSettings: { ...settings(ADDRESS), MESSAGEBIRD_SIGNING_KEY: 'test.another-signing-key' },
  genuine: ({ sendId, messageId, status, at }) =>
    signed(addressOf({ id: messageId, reference: sendId, status: WORDS[status] }), { at }),
  signsTime: true,
  sign: (body, at) => signed(RECEIPTS, { at, body }),
})

t.test('maps the status and the error of a report about a message or a call', async (t) => {
  const read = await reader()
  const ids = { sendId, messageId: ID }
  const cases: [parameters: Record<string, string>, receipts: object[]][] = [
    [{ status: 'sent' }, [{ ...ids, status: 'sent' }]],
    [{ status: 'buffered' }, [{ ...ids, status: 'sent' }]],
    [
      { status: 'delivered', statusDatetime: '2016-05-03T08:58:10+00:00', statusReason: 'successfully delivered' },
      [{ ...ids, status: 'delivered' }],
    ],
    [{ status: 'expired' }, [{ ...ids, status: 'undelivered' }]],
    [
      { status: 'delivery_failed', statusErrorCode: '1', statusReason: 'unknown subscriber' },
      [{ ...ids, status: 'undelivered', reason: '1' }],
    ],
    [
      { status: 'delivery_failed', statusReason: 'unknown subscriber' },
      [{ ...ids, status: 'undelivered', reason: 'unknown_subscriber' }],
    ],
    [{ status: 'delivery_failed', statusErrorCode: '31612345678' }, [{ ...ids, status: 'undelivered' }]],
    [{ status: 'answered' }, [{ ...ids, status: 'delivered' }]],
    [{ status: 'busy' }, [{ ...ids, status: 'undelivered' }]],
    [{ status: 'machine' }, [{ ...ids, status: 'undelivered' }]],
    [{ status: 'failed' }, [{ ...ids, status: 'failed' }]],
    [{ status: 'sent', reference: 'YouReference123' }, [{ messageId: ID, status: 'sent' }]],
    [{ status: 'sent', id: 'x'.repeat(1_000) }, [{ sendId, messageId: 'x'.repeat(100), status: 'sent' }]],
    [{ status: 'scheduled' }, []],
    [{ status: 'calling' }, []],
    [{ status: '' }, []],
  ]
  for (const [parameters, receipts] of cases) {
    t.same(read(signed(addressOf(parameters))), { outcome: 'read', receipts }, JSON.stringify(parameters))
  }
})

t.test('accepts a report with a body only if the body is signed', async (t) => {
  const read = await reader()
  const url = addressOf({ status: 'delivered' })
  const body = Buffer.from('Hello, World!')
  const receipts = [{ sendId, messageId: ID, status: 'delivered' }]
  t.same(read(signed(url, { body })), { outcome: 'read', receipts })
  t.same(read(signed(url, { claims: { payload_hash: hash('') } })), { outcome: 'read', receipts })
  t.same(read({ ...signed(url), body }), { outcome: 'forged' }, 'a body was added')
  t.same(read({ ...signed(url, { body }), body: Buffer.alloc(0) }), { outcome: 'forged' }, 'the body was removed')
  t.same(read({ ...signed(url, { body }), body: Buffer.from('Hello, World?') }), { outcome: 'forged' })
})

t.test('rejects as forged a token that MessageBird did not sign for this URL', async (t) => {
  const read = await reader()
  const url = addressOf({ status: 'delivered' })
  const cases: [request: ReceiptRequest, because: string][] = [
    [{ ...signed(url), url: addressOf({ status: 'sent' }) }, 'another status'],
    [{ ...signed(url), url: url.replace('auth.', 'auth2.') }, 'another host'],
    [{ ...signed(url), url: `${url}&reference=${randomUUID()}` }, 'another parameter'],
    [{ ...signed(url), url: '' }, 'no address'],
    [signed(url, { key: 'test.another-signing-key' }), 'another key'],
    [signed(url, { header: { alg: 'none' } }), 'no algorithm'],
    [signed(url, { header: { alg: 'HS512' } }), 'another algorithm'],
    [signed(url, { claims: { iss: 'Other' } }), 'another issuer'],
    [signed(url, { claims: { url_hash: undefined } }), 'no hash'],
    [signed(url, { claims: { url_hash: [] } }), 'an invalid hash'],
    [signed(url, { claims: { nbf: undefined } }), 'no time'],
    [signed(url, { claims: { nbf: 'soon' } }), 'an invalid time'],
    [{ ...signed(url), headers: {} }, 'no token'],
  ]
  for (const [request, because] of cases) t.same(read(request), { outcome: 'forged' }, because)
  t.equal(read(signed(url)).outcome, 'read')
  t.equal(
    read(signed(url, { claims: { nbf: undefined, iat: NOW / 1_000 } })).outcome,
    'read',
    'iat is accepted in place of nbf',
  )
})

t.test('reports a signed URL without known parameters as unreadable', async (t) => {
  const read = await reader()
  for (const url of [RECEIPTS, `${RECEIPTS}?id=${ID}`, `${RECEIPTS}?status=sent`, `${RECEIPTS}?%zz&=&`, 'nowhere']) {
    t.same(read(signed(url)), { outcome: 'unreadable' }, url)
  }
})
