import { createHash, createHmac, generateKeyPairSync, randomUUID, verify } from 'node:crypto'
import t from 'tap'
import type { ReceiptRequest } from '../../src/core/delivery/ports.ts'
import { vonageProvider } from '../../src/providers/vonage/index.ts'
import { createProvider, type ProviderReply, type ProviderVoice, sendOverWire } from '../../testing/index.ts'
import { MESSAGE, testRealProvider, testReceipts } from '../contracts/provider.ts'

const API_KEY = 'testkey0'
const API_SECRET = 'test.not-a-real-secret'
const SIGNATURE_SECRET = 'test.not-a-real-signature-secret'
const APPLICATION = '00000000-0000-4000-8000-000000000000'
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const PEM = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const CREDENTIAL = Buffer.from(`${API_KEY}:${API_SECRET}`).toString('base64')
const ADDRESS = 'https://api.nexmo.com'
const { sendId } = MESSAGE

const settings = (url: string) => ({
  VONAGE_API_KEY: API_KEY,
  VONAGE_API_SECRET: API_SECRET,
  VONAGE_FROM: '+447700900001',
  VONAGE_SIGNATURE_SECRET: SIGNATURE_SECRET,
  VONAGE_APPLICATION_ID: APPLICATION,
  VONAGE_PRIVATE_KEY: PEM,
  VONAGE_VOICE_FROM: '+14155550100',
  VONAGE_WHATSAPP_FROM: '+447700900001',
  VONAGE_WHATSAPP_TEMPLATE: 'login_code',
  VONAGE_URL: url,
})
const bare = { VONAGE_API_KEY: API_KEY, VONAGE_API_SECRET: API_SECRET, VONAGE_FROM: 'Vonage', VONAGE_URL: ADDRESS }

const json = (status: number, body: unknown): ProviderReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const problem = (code: string, title: string, changes: object = {}) => ({
  type: `https://developer.vonage.com/api-errors/messages#${code}`,
  title,
  detail: 'Detail',
  instance: 'bf0ca0bf927b3b52e3cb03217e1a1ddf',
  ...changes,
})

const voice: ProviderVoice = {
  accepted: () => json(202, { message_uuid: 'aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab' }),
  refused: ({ body }) => json(422, problem('1430', 'Invalid recipient', { detail: `Not a number: ${body}` })),
  lie: ({ body, headers }) => json(202, problem('1000', 'Throttled', { detail: `cannot send ${body}`, headers })),
}

const secrets = [API_SECRET, CREDENTIAL, SIGNATURE_SECRET, PEM]
testRealProvider(t, { definition: vonageProvider, settings, secrets, voice })

const TYPES = { 'content-type': 'application/json', accept: 'application/json' }
const RECEIPTS = 'https://auth.example.com/webhooks/sms/vonage'
const TRACKING = `"client_ref":"${sendId}","webhook_url":"${RECEIPTS}","webhook_version":"v1"`

t.test('sends an SMS as documented under "Send a message"', async (t) => {
  const message = { ...MESSAGE, to: '+447700900000', text: 'Hello from Vonage ✓' }
  const { requests, result } = await sendOverWire(vonageProvider, settings(`${ADDRESS}/`), message, {
    status: 202,
    body: '{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"}',
  })
  t.same(result, { outcome: 'accepted', messageId: 'aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab' })
  t.same(requests, [
    {
      method: 'POST',
      url: `${ADDRESS}/v1/messages`,
      headers: { ...TYPES, authorization: `Basic ${CREDENTIAL}` },
      body:
        '{"to":"447700900000","from":"447700900001","channel":"sms","message_type":"text",' +
        `"text":"Hello from Vonage ✓",${TRACKING}}`,
    },
  ])
})

t.test('neither requests nor reads receipts without a signature secret or a public address', async (t) => {
  const message = { ...MESSAGE, to: '+447700900000', text: 'Hello from Vonage' }
  const plain =
    '{"to":"447700900000","from":"Vonage","channel":"sms","message_type":"text",' +
    `"text":"Hello from Vonage","client_ref":"${sendId}"}`
  t.equal((await sendOverWire(vonageProvider, bare, message)).requests[0]?.body, plain)
  t.equal((await createProvider(vonageProvider, bare)).readReceipt, undefined)

  const signed = { ...settings(ADDRESS), VONAGE_FROM: 'Vonage' }
  const { requests } = await sendOverWire(vonageProvider, signed, message, {}, { receiptsUrl: undefined })
  t.equal(requests[0]?.body, plain)
})

t.test('sends a template as documented under "Send WhatsApp Authentication Template"', async (t) => {
  const message = { ...MESSAGE, channel: 'whatsapp', to: '+447700900000', locale: 'pt-BR' } as const
  const { requests } = await sendOverWire(vonageProvider, settings(ADDRESS), message)
  t.equal(requests[0]?.url, `${ADDRESS}/v1/messages`)
  t.equal(requests[0]?.headers['authorization'], `Basic ${CREDENTIAL}`)
  t.equal(
    requests[0]?.body,
    '{"to":"447700900000","from":"447700900001","channel":"whatsapp","message_type":"custom","custom":' +
      '{"type":"template","template":{"name":"login_code","language":{"policy":"deterministic","code":"pt_BR"},' +
      '"components":[{"type":"body","parameters":[{"type":"text","text":"049281"}]},' +
      '{"type":"button","sub_type":"url","index":"0","parameters":[{"type":"text","text":"049281"}]}]}},' +
      `${TRACKING}}`,
  )

  const named = { ...settings(ADDRESS), VONAGE_WHATSAPP_TEMPLATE: 'name_space:login_code' }
  const { requests: others } = await sendOverWire(vonageProvider, named, message)
  t.match(JSON.parse(others[0]?.body ?? ''), {
    custom: { template: { namespace: 'name_space', name: 'login_code' } },
  })
})

const CALL = { ...MESSAGE, channel: 'voice', to: '+14155550101', speech: ['Your <code> is', "1, 2 & '3'"] } as const

t.test('places a call as documented under "Create an outbound call", with pauses of 1 s', async (t) => {
  const { requests, result } = await sendOverWire(vonageProvider, settings(ADDRESS), CALL, {
    status: 201,
    body:
      '{"uuid":"63f61863-4a51-4f6b-86e1-46edebcf9356","status":"started","direction":"outbound",' +
      '"conversation_uuid":"CON-f972836a-550f-45fa-956c-12a2ab5b7d22"}',
  })
  t.same(result, { outcome: 'accepted', messageId: '63f61863-4a51-4f6b-86e1-46edebcf9356' })
  const [request] = requests
  t.equal(request?.method, 'POST')
  t.equal(request?.url, `${ADDRESS}/v1/calls`)
  t.has(request?.headers, TYPES)
  t.equal(
    request?.body,
    '{"to":[{"type":"phone","number":"14155550101"}],"from":{"type":"phone","number":"14155550100"},' +
      '"ncco":[{"action":"talk","text":"<speak>Your &lt;code&gt; is<break time=\'1s\'/>' +
      '1, 2 &amp; &apos;3&apos;<break time=\'1s\'/></speak>","language":"en-US"}],' +
      `"event_url":["${RECEIPTS}?send_id=${sendId}"],"event_method":"POST"}`,
  )
})

t.test('signs a new token with the application key for each call', async (t) => {
  const tokenOf = async (pem = PEM) => {
    const keyed = { ...settings(ADDRESS), VONAGE_PRIVATE_KEY: pem }
    const { requests } = await sendOverWire(vonageProvider, keyed, CALL)
    return requests[0]?.headers['authorization']?.replace(/^Bearer /, '') ?? ''
  }
  const parse = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString())
  const since = Math.floor(Date.now() / 1_000)
  const token = await tokenOf()
  const [header, claims, signature = ''] = token.split('.')
  t.same(parse(header), { alg: 'RS256', typ: 'JWT' })
  const { application_id, iat, exp, jti, ...others } = parse(claims)
  t.equal(application_id, APPLICATION)
  t.ok(iat >= since && iat <= since + 60)
  t.equal(exp, iat + 300)
  t.match(jti, /^[0-9a-f-]{36}$/)
  t.same(others, {})
  const input = Buffer.from(`${header}.${claims}`)
  t.ok(verify('sha256', input, publicKey, Buffer.from(signature, 'base64url')))

  t.not(await tokenOf(), token)
  t.ok(await tokenOf(PEM.replaceAll('\n', '\\n')), 'a key on one line is accepted')
})

t.test('refuses an invalid application key at the start without printing it', async (t) => {
  const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  for (const pem of ['-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', ed25519]) {
    await t.rejects(
      async () => createProvider(vonageProvider, { ...settings(ADDRESS), VONAGE_PRIVATE_KEY: pem }),
      new Error('VONAGE_PRIVATE_KEY is not the private key of an application'),
    )
  }
})

t.test('offers a channel only with its settings, and fails messages of other channels', async (t) => {
  const { VONAGE_PRIVATE_KEY: _, ...keyless } = settings(ADDRESS)
  const { VONAGE_WHATSAPP_TEMPLATE: __, ...unapproved } = settings(ADDRESS)
  t.same((await createProvider(vonageProvider, settings(ADDRESS))).channels, ['sms', 'voice', 'whatsapp'])
  t.same((await createProvider(vonageProvider, keyless)).channels, ['sms', 'whatsapp'])
  t.same((await createProvider(vonageProvider, unapproved)).channels, ['sms', 'voice'])
  t.same((await createProvider(vonageProvider, bare)).channels, ['sms'])
  const { requests, result } = await sendOverWire(vonageProvider, bare, { ...MESSAGE, channel: 'voice' })
  t.equal(result.outcome, 'failed')
  t.same(requests, [])
})

t.test('sends to api.nexmo.com by default', async (t) => {
  t.match(vonageProvider.settings.properties['VONAGE_URL'], { default: ADDRESS })
})

const judge = async ({ status, headers = {}, body = '' }: ProviderReply) =>
  (await sendOverWire(vonageProvider, bare, MESSAGE, { status, headers, body })).result

t.test('distinguishes errors of the number, of the request and of Vonage', async (t) => {
  const complaint = (name: unknown) => problem('1150', 'Invalid params', { invalid_parameters: [null, { name }] })
  const cases: [status: number, body: unknown, expected: object][] = [
    [422, problem('1050', 'Number barred'), { outcome: 'refused', reason: 'HTTP 422, 1050' }],
    [422, problem('1170', 'Invalid recipient'), { outcome: 'refused', reason: 'HTTP 422, 1170' }],
    [422, problem('1190', 'Absent Subscriber Permanent'), { outcome: 'refused' }],
    [422, problem('1240', 'Illegal Number'), { outcome: 'refused' }],
    [422, problem('1300', 'Not part of the provider network'), { outcome: 'refused' }],
    [422, problem('1430', 'Invalid recipient'), { outcome: 'refused' }],
    [422, problem('110', 'Invalid recipient'), { outcome: 'refused', reason: 'HTTP 422, 110' }],
    [422, { title: '1240' }, { outcome: 'refused', reason: 'HTTP 422, 1240' }],
    [422, complaint('to'), { outcome: 'refused', reason: 'HTTP 422, 1150' }],
    [400, complaint('to[0].number'), { outcome: 'refused' }],
    [422, complaint('token'), { outcome: 'failed', reason: 'HTTP 422, 1150' }],
    [422, complaint('text'), { outcome: 'failed' }],
    [422, complaint(7), { outcome: 'failed' }],
    [422, problem('1120', 'Invalid sender'), { outcome: 'failed', reason: 'HTTP 422, 1120' }],
    [422, problem('1022', 'Invalid template'), { outcome: 'failed' }],
    [422, problem('1160', 'Non White-listed Destination'), { outcome: 'failed' }],
    [422, problem('1250', 'Unroutable'), { outcome: 'failed' }],
    [422, problem('invalid-json', 'No JSON'), { outcome: 'failed', reason: 'HTTP 422, invalid-json' }],
    [422, problem('+18009998877', 'Title'), { outcome: 'failed', reason: 'HTTP 422, Title' }],
    [422, { type: {}, title: 'not for +18009998877' }, { outcome: 'failed', reason: 'HTTP 422' }],
    [401, problem('unauthorized', 'No'), { outcome: 'failed', reason: 'HTTP 401, unauthorized' }],
    [402, problem('1070', 'Quota exceeded'), { outcome: 'failed', reason: 'HTTP 402, 1070' }],
    [404, null, { outcome: 'failed', reason: 'HTTP 404' }],
    [500, problem('1030', 'Internal error'), { outcome: 'failed', reason: 'HTTP 500, 1030' }],
    [503, 'closed', { outcome: 'failed', reason: 'HTTP 503' }],
    [408, null, { outcome: 'unknown', reason: 'HTTP 408' }],
    [502, null, { outcome: 'unknown', reason: 'HTTP 502' }],
    [504, problem('1170', 'Invalid recipient'), { outcome: 'unknown', reason: 'HTTP 504, 1170' }],
  ]
  for (const [status, body, expected] of cases) {
    t.match(await judge(json(status, body)), expected, `${status} ${JSON.stringify(body)}`)
  }
  t.same(await judge({ ...json(429, problem('1000', 'Throttled')), headers: { 'retry-after': '15' } }), {
    outcome: 'failed',
    reason: 'HTTP 429, 1000',
    retryAfter: 15,
  })
})

t.test('derives the outcome of a success status from the body', async (t) => {
  const cases: [body: unknown, expected: object][] = [
    [
      { message_uuid: 'm-1', workflow_id: 'w-1' },
      { outcome: 'accepted', messageId: 'm-1' },
    ],
    [{ message_uuid: 'x'.repeat(1_000) }, { outcome: 'accepted', messageId: 'x'.repeat(100) }],
    [
      { message_uuid: 'm-1', error: problem('1000', '1000') },
      { outcome: 'failed', reason: 'HTTP 202, 1000' },
    ],
    [
      { message_uuid: 'm-1', error: problem('1170', '1170') },
      { outcome: 'refused', reason: 'HTTP 202, 1170' },
    ],
    [problem('1170', 'Invalid recipient'), { outcome: 'refused', reason: 'HTTP 202, 1170' }],
    [{ message_uuid: '' }, { outcome: 'unknown', reason: 'unreadable answer' }],
    [{ message_uuid: 7 }, { outcome: 'unknown', reason: 'unreadable answer' }],
    [{}, { outcome: 'unknown', reason: 'unreadable answer' }],
    ['sent', { outcome: 'unknown', reason: 'unreadable answer' }],
  ]
  for (const [body, expected] of cases) t.same(await judge(json(202, body)), expected, JSON.stringify(body))
})

const NOW = 1_790_000_000_000
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Returns a token as Vonage signs it. */
const tokenOf = (body: Buffer, at: number, { header = {}, claims = {}, secret = SIGNATURE_SECRET } = {}) => {
  const input = [
    encode({ alg: 'HS256', typ: 'JWT', ...header }),
    encode({
      iat: at / 1_000,
      jti: randomUUID(),
      iss: 'Vonage',
      payload_hash: createHash('sha256').update(body).digest('hex'),
      api_key: API_KEY,
      ...claims,
    }),
  ].join('.')
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

const signed = (body: Buffer, at = NOW, changes: Parameters<typeof tokenOf>[2] = {}, url = RECEIPTS) =>
  ({
    url,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${tokenOf(body, at, changes)}` },
    body,
    now: at,
  }) satisfies ReceiptRequest

const MESSAGE_ID = 'aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab'
const aboutMessage = (status: unknown, changes: object = {}) =>
  Buffer.from(
    JSON.stringify({
      message_uuid: MESSAGE_ID,
      to: '447700900000',
      from: '447700900001',
      timestamp: '2025-02-03T12:14:25Z',
      status,
      channel: 'sms',
      client_ref: sendId,
      ...changes,
    }),
  )
const CALL_ID = '63f61863-4a51-4f6b-86e1-46edebcf9356'
const aboutCall = (status: unknown, changes: object = {}) =>
  Buffer.from(
    JSON.stringify({
      from: '14155550100',
      to: '14155550101',
      uuid: CALL_ID,
      conversation_uuid: 'CON-f972836a-550f-45fa-956c-12a2ab5b7d22',
      status,
      direction: 'outbound',
      timestamp: '2020-01-01T12:00:00.000Z',
      ...changes,
    }),
  )

const reader = async () => (await createProvider(vonageProvider, settings(ADDRESS))).readReceipt!

const WORDS = { sent: 'submitted', delivered: 'delivered', undelivered: 'rejected', failed: 'undeliverable' }

testReceipts(t, {
  definition: vonageProvider,
  settings: settings(ADDRESS),
  otherSettings: { ...settings(ADDRESS), VONAGE_SIGNATURE_SECRET: 'test.another-signature-secret' },
  genuine: ({ sendId, messageId, status, at }) =>
    signed(aboutMessage(WORDS[status], { message_uuid: messageId, client_ref: sendId }), at),
  signsTime: true,
  sign: (body, at) => signed(body, at),
})

t.test('maps the status and the error of a receipt about a message', async (t) => {
  const read = await reader()
  const ids = { sendId, messageId: MESSAGE_ID }
  const error = (code: string) => ({ error: problem(code, code) })
  const cases: [body: Buffer, receipts: object[]][] = [
    [aboutMessage('submitted'), [{ ...ids, status: 'sent' }]],
    [aboutMessage('delivered'), [{ ...ids, status: 'delivered' }]],
    [aboutMessage('read', { channel: 'whatsapp' }), [{ ...ids, status: 'delivered' }]],
    [aboutMessage('rejected', error('1190')), [{ ...ids, status: 'undelivered', reason: '1190' }]],
    [aboutMessage('undeliverable', error('1331')), [{ ...ids, status: 'failed', reason: '1331' }]],
    [aboutMessage('rejected', { error: { title: '1190' } }), [{ ...ids, status: 'undelivered', reason: '1190' }]],
    [aboutMessage('rejected', { error: { title: 'not +447700900000' } }), [{ ...ids, status: 'undelivered' }]],
    [aboutMessage('rejected', { error: 'text' }), [{ ...ids, status: 'undelivered' }]],
    [aboutMessage('delivered', { client_ref: 'abc123' }), [{ messageId: MESSAGE_ID, status: 'delivered' }]],
    [aboutMessage('delivered', { client_ref: {} }), [{ messageId: MESSAGE_ID, status: 'delivered' }]],
    [aboutMessage('accepted'), []],
    [aboutMessage(undefined), []],
    [aboutMessage(['delivered']), []],
  ]
  for (const [body, receipts] of cases) t.same(read(signed(body)), { outcome: 'read', receipts }, body.toString())
})

t.test('maps the status of a call event to a receipt status', async (t) => {
  const read = await reader()
  const ids = { sendId, messageId: CALL_ID }
  const cases: [body: Buffer, receipts: object[]][] = [
    [aboutCall('completed', { duration: '20' }), [{ ...ids, status: 'delivered' }]],
    [aboutCall('busy'), [{ ...ids, status: 'undelivered', reason: 'busy' }]],
    [aboutCall('timeout'), [{ ...ids, status: 'undelivered', reason: 'timeout' }]],
    [aboutCall('unanswered', { detail: 'unavailable' }), [{ ...ids, status: 'undelivered', reason: 'unavailable' }]],
    [aboutCall('rejected', { detail: 'declined' }), [{ ...ids, status: 'undelivered', reason: 'declined' }]],
    [aboutCall('failed', { detail: 'cannot_route' }), [{ ...ids, status: 'failed', reason: 'cannot_route' }]],
    [aboutCall('failed', { detail: 'not +14155550101' }), [{ ...ids, status: 'failed', reason: 'failed' }]],
    [aboutCall('cancelled'), [{ ...ids, status: 'failed', reason: 'cancelled' }]],
    [aboutCall('started'), []],
    [aboutCall('ringing'), []],
    [aboutCall('answered'), []],
    [aboutCall(undefined, { type: 'transfer' }), []],
  ]
  const url = `${RECEIPTS}?send_id=${sendId}`
  for (const [body, receipts] of cases) {
    t.same(read(signed(body, NOW, {}, url)), { outcome: 'read', receipts }, body.toString())
  }
  for (const odd of [RECEIPTS, `${RECEIPTS}?send_id=1`, 'no address', '']) {
    t.same(
      read(signed(aboutCall('completed'), NOW, {}, odd)),
      { outcome: 'read', receipts: [{ messageId: CALL_ID, status: 'delivered' }] },
      odd,
    )
  }
})

t.test('rejects as forged a token that Vonage did not sign for this body', async (t) => {
  const read = await reader()
  const body = aboutMessage('delivered')
  const genuine = signed(body)
  const token = genuine.headers.authorization.slice('Bearer '.length)
  const [header, claims, signature] = token.split('.')
  const unsigned = `${encode({ alg: 'none' })}.${claims}.`
  const cases: [request: ReceiptRequest, because: string][] = [
    [signed(body, NOW, { secret: 'test.another-signature-secret' }), 'another secret'],
    [signed(body, NOW, { secret: '' }), 'no secret'],
    [signed(body, NOW, { header: { alg: 'none' } }), 'no algorithm'],
    [signed(body, NOW, { header: { alg: 'HS512' } }), 'another algorithm'],
    [signed(body, NOW, { claims: { payload_hash: undefined } }), 'no hash'],
    [signed(body, NOW, { claims: { payload_hash: { length: 64 } } }), 'an invalid hash'],
    [signed(body, NOW, { claims: { payload_hash: '0'.repeat(64) } }), 'the hash of another body'],
    [signed(body, NOW, { claims: { iat: undefined } }), 'no time'],
    [signed(body, NOW, { claims: { iat: `${NOW / 1_000}` } }), 'an invalid time'],
    [{ ...genuine, headers: { authorization: `Bearer ${unsigned}` } }, 'an empty signature'],
    [{ ...genuine, headers: { authorization: `Bearer ${header}.${claims}` } }, 'two parts'],
    [{ ...genuine, headers: { authorization: `Bearer ${claims}.${header}.${signature}` } }, 'parts out of order'],
    [{ ...genuine, headers: { authorization: `Basic ${token}` } }, 'another scheme'],
    [{ ...genuine, headers: { authorization: token } }, 'no scheme'],
  ]
  for (const [request, because] of cases) t.same(read(request), { outcome: 'forged' }, because)
  t.equal(read(genuine).outcome, 'read')
})

t.test('rejects as forged claims that are not an object, even if signed', async (t) => {
  const read = await reader()
  for (const claims of [null, 7, 'text', []]) {
    const input = `${encode({ alg: 'HS256' })}.${encode(claims)}`
    const signature = createHmac('sha256', SIGNATURE_SECRET).update(input).digest('base64url')
    const headers = { authorization: `Bearer ${input}.${signature}` }
    t.same(read({ url: RECEIPTS, headers, body: Buffer.alloc(0), now: NOW }), { outcome: 'forged' })
  }
})

t.test('reports a malformed signed body as unreadable', async (t) => {
  const read = await reader()
  for (const body of ['', '{', 'null', '7', '[]', '{}', '{"uuid":7,"status":"completed"}', '{"message_uuid":null}']) {
    t.same(read(signed(Buffer.from(body))), { outcome: 'unreadable' }, body)
  }
})
