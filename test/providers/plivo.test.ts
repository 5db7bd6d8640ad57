import { createHmac } from 'node:crypto'
import t from 'tap'
import type { ReceiptRequest } from '../../src/core/delivery/ports.ts'
import { plivoProvider } from '../../src/providers/plivo/index.ts'
import { createProvider, type ProviderReply, type ProviderVoice, sendOverWire } from '../../testing/index.ts'
import { MESSAGE, testRealProvider, testReceipts } from '../contracts/provider.ts'

const TOKEN = 'test.not-a-real-token'
const ACCOUNT = 'MAXXXXXXXXXXXXXXXXXX'
const ADDRESS = 'https://api.plivo.com'
const CREDENTIAL = Buffer.from(`${ACCOUNT}:${TOKEN}`).toString('base64')
const { sendId } = MESSAGE

const settings = (url: string) => ({
  PLIVO_AUTH_ID: ACCOUNT,
  PLIVO_AUTH_TOKEN: TOKEN,
  PLIVO_FROM: '+14156667777',
  PLIVO_WHATSAPP_FROM: '+14156667778',
  PLIVO_WHATSAPP_TEMPLATE: 'login_code',
  PLIVO_URL: url,
})
const bare = { PLIVO_AUTH_ID: ACCOUNT, PLIVO_AUTH_TOKEN: TOKEN, PLIVO_FROM: 'Example', PLIVO_URL: ADDRESS }

const json = (status: number, body: unknown): ProviderReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const API_ID = 'db342550-7f1d-11e1-8ea7-1231380bc196'
const UUID = 'db3ce55a-7f1d-11e1-8ea7-1231380bc196'
const error = (words: unknown) => ({ api_id: API_ID, error: words })
const queued = (more: object = {}) => ({
  api_id: API_ID,
  message: 'message(s) queued',
  message_uuid: [UUID],
  ...more,
})

const voice: ProviderVoice = {
  accepted: () => json(202, queued()),
  refused: ({ body }) =>
    json(400, { ...error(`'${MESSAGE.to.slice(1)}' is not a valid phone number.`), request: body }),
  lie: ({ body, headers }) => json(202, { ...error(`cannot send ${body}`), headers }),
}

testRealProvider(t, { definition: plivoProvider, settings, secrets: [TOKEN, CREDENTIAL], voice })

const HEADERS = {
  authorization: `Basic ${CREDENTIAL}`,
  'content-type': 'application/json',
  accept: 'application/json',
}
const keyOf = (id: string, token = TOKEN) => createHmac('sha256', token).update(id).digest('hex')
const receiptsOf = (id: string, key = keyOf(id)) =>
  `https://auth.example.com/webhooks/sms/plivo?send_id=${id}&key=${key}`
const RECEIPTS = receiptsOf(sendId)

t.test('sends an SMS as documented under "Send a Message"', async (t) => {
  const message = { ...MESSAGE, to: '+14157778888', text: 'Hello, this is a sample text ✓' }
  const { requests, result } = await sendOverWire(plivoProvider, settings(`${ADDRESS}/`), message, {
    status: 202,
    body: JSON.stringify(queued()),
  })
  t.same(result, { outcome: 'accepted', messageId: UUID })
  t.same(requests, [
    {
      method: 'POST',
      url: 'https://api.plivo.com/v1/Account/MAXXXXXXXXXXXXXXXXXX/Message/',
      headers: HEADERS,
      body: `{"src":"14156667777","dst":"14157778888","text":"Hello, this is a sample text ✓","type":"sms","url":"${RECEIPTS}","method":"POST"}`,
    },
  ])
})

t.test('sends an alphanumeric sender unchanged, and requests no receipt without a URL', async (t) => {
  const message = { ...MESSAGE, to: '+14157778888', text: 'Hello' }
  const { requests } = await sendOverWire(plivoProvider, bare, message, {}, { receiptsUrl: undefined })
  t.equal(requests[0]?.body, '{"src":"Example","dst":"14157778888","text":"Hello","type":"sms"}')
})

t.test('sends a template as documented under "Send a Message"', async (t) => {
  const message = { ...MESSAGE, channel: 'whatsapp' as const, to: '+14157778888', locale: 'pt-BR' }
  const { requests } = await sendOverWire(plivoProvider, settings(ADDRESS), message)
  t.equal(requests[0]?.url, 'https://api.plivo.com/v1/Account/MAXXXXXXXXXXXXXXXXXX/Message/')
  t.equal(
    requests[0]?.body,
    '{"src":"14156667778","dst":"14157778888","type":"whatsapp","template":' +
      '{"name":"login_code","language":"pt_BR","components":[' +
      '{"type":"body","parameters":[{"type":"text","text":"049281"}]},' +
      '{"type":"button","sub_type":"url","index":"0","parameters":[{"type":"text","text":"049281"}]}]},' +
      `"url":"${RECEIPTS}","method":"POST"}`,
  )
})

t.test('offers a channel only with its settings, and fails messages of other channels', async (t) => {
  t.same((await createProvider(plivoProvider, settings(ADDRESS))).channels, ['sms', 'whatsapp'])
  const half = { ...bare, PLIVO_WHATSAPP_TEMPLATE: 'login_code' }
  t.same((await createProvider(plivoProvider, half)).channels, ['sms'])
  for (const channel of ['voice', 'whatsapp'] as const) {
    const { requests, result } = await sendOverWire(plivoProvider, half, { ...MESSAGE, channel })
    t.equal(result.outcome, 'failed')
    t.same(requests, [])
  }
})

const judge = async ({ status, headers = {}, body = '' }: ProviderReply) =>
  (await sendOverWire(plivoProvider, bare, MESSAGE, { status, headers, body })).result

t.test('distinguishes errors of the number, of the request and of Plivo', async (t) => {
  const refused = { outcome: 'refused', reason: 'HTTP 400, invalid number' }
  const cases: [status: number, body: unknown, expected: object][] = [
    [400, error("'18009998877' is not a valid phone number."), refused],
    [400, error('invalid phone numbers.'), refused],
    [400, error("'14156667777' is not a valid phone number."), { outcome: 'failed', reason: 'HTTP 400' }],
    [400, error('dst parameter not present'), { outcome: 'failed', reason: 'HTTP 400' }],
    [400, error('invalid_parameter'), { outcome: 'failed', reason: 'HTTP 400, invalid_parameter' }],
    [401, error('authentication_failed'), { outcome: 'failed', reason: 'HTTP 401, authentication_failed' }],
    [401, 'Could not verify your access level for that URL.', { outcome: 'failed', reason: 'HTTP 401' }],
    [402, error('Insufficient account credit'), { outcome: 'failed', reason: 'HTTP 402' }],
    [404, error('not_found'), { outcome: 'failed', reason: 'HTTP 404, not_found' }],
    [405, error('Method not allowed'), { outcome: 'failed', reason: 'HTTP 405' }],
    [500, error('server error'), { outcome: 'failed', reason: 'HTTP 500' }],
    [503, null, { outcome: 'failed', reason: 'HTTP 503' }],
    [400, error({ dst: '18009998877' }), { outcome: 'failed', reason: 'HTTP 400' }],
    [400, error('18009998877'), { outcome: 'failed', reason: 'HTTP 400' }],
  ]
  for (const [status, body, expected] of cases) {
    t.same(await judge(json(status, body)), expected, `${status} ${JSON.stringify(body)}`)
  }
  for (const status of [408, 502, 504]) {
    t.same(await judge({ status, body: '<html>' }), { outcome: 'unknown', reason: `HTTP ${status}` })
  }
  t.same(await judge({ ...json(429, error('rate_limit_exceeded')), headers: { 'retry-after': '5' } }), {
    outcome: 'failed',
    reason: 'HTTP 429, rate_limit_exceeded',
    retryAfter: 5,
  })
})

t.test('derives the outcome of a success status from the body', async (t) => {
  const unknown = { outcome: 'unknown', reason: 'unreadable answer' }
  const cases: [body: unknown, expected: object][] = [
    [queued(), { outcome: 'accepted', messageId: UUID }],
    [queued({ error: null, invalid_number: [] }), { outcome: 'accepted', messageId: UUID }],
    [queued({ message_uuid: UUID }), { outcome: 'accepted', messageId: UUID }],
    [queued({ message_uuid: ['x'.repeat(200)] }), { outcome: 'accepted', messageId: 'x'.repeat(100) }],
    [
      queued({ message_uuid: [], invalid_number: ['18009998877'] }),
      { outcome: 'refused', reason: 'HTTP 202, invalid number' },
    ],
    [queued({ error: 'server error' }), { outcome: 'failed', reason: 'HTTP 202' }],
    [error("'18009998877' is not a valid phone number."), { outcome: 'refused', reason: 'HTTP 202, invalid number' }],
    [queued({ message_uuid: [], invalid_number: [] }), unknown],
    [queued({ message_uuid: [7] }), unknown],
    [queued({ message_uuid: [''] }), unknown],
    [queued({ message_uuid: undefined }), unknown],
    [null, unknown],
  ]
  for (const [body, expected] of cases) {
    t.same(await judge(json(202, body)), expected, JSON.stringify(body).slice(0, 120))
  }
})

const NOW = 1_790_000_000_000
const NONCE = '05429567804466091622'

/** Returns the V3 signature over the URL with a sorted query, the sorted parameters and the nonce, joined by dots. */
const signV3 = (url: string, form: URLSearchParams, token = TOKEN, nonce = NONCE) => {
  const [address, query = ''] = url.split('?')
  const parts = [...form]
    .map(([name, value]) => name + value)
    .sort()
    .join('')
  const inOrder = query.split('&').sort().join('&')
  const data = parts
    ? `${address}?${inOrder}${inOrder && '.'}${parts}.${nonce}`
    : `${address}${inOrder && '?'}${inOrder}.${nonce}`
  return createHmac('sha256', token).update(data).digest('base64')
}

const signV2 = (url: string, token = TOKEN, nonce = NONCE) =>
  createHmac('sha256', token)
    .update(url.split('?')[0] + nonce)
    .digest('base64')

type Version = 'v2' | 'v3'

/** Returns a request that is signed as Plivo does it. */
const signed = (
  form: Record<string, string> | URLSearchParams,
  { url = RECEIPTS, token = TOKEN, versions = ['v2', 'v3'] as Version[] } = {},
): ReceiptRequest => {
  const params = new URLSearchParams(form)
  return {
    url,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(versions.includes('v2') && {
        'x-plivo-signature-v2': signV2(url, token),
        'x-plivo-signature-v2-nonce': NONCE,
      }),
      ...(versions.includes('v3') && {
        'x-plivo-signature-v3': signV3(url, params, token),
        'x-plivo-signature-v3-nonce': NONCE,
      }),
    },
    body: Buffer.from(params.toString()),
    now: NOW,
  }
}

const report = (Status: string, more: Record<string, string> = {}) => ({
  MessageUUID: UUID,
  To: '14157778888',
  From: '14156667777',
  Type: 'sms',
  Status,
  Units: '1',
  MessageTime: '2026-11-24 12:06:42.000000',
  ParentMessageUUID: UUID,
  ...more,
})

const reader = async () => (await createProvider(plivoProvider, bare)).readReceipt!

testReceipts(t, {
  definition: plivoProvider,
  settings: bare,
  otherSettings: { ...bare, PLIVO_AUTH_TOKEN: 'test.not-a-real-token-either' },
  genuine: ({ sendId, messageId, status, at }) => ({
    ...signed(report(status, { MessageUUID: messageId }), { url: receiptsOf(sendId) }),
    now: at,
  }),
  signsTime: false,
  sign: (body, at) => ({ ...signed(new URLSearchParams(body.toString())), body, now: at }),
})

t.test('maps the status and the error of a receipt about a message', async (t) => {
  const read = await reader()
  const ids = { sendId, messageId: UUID }
  const statuses = {
    sent: 'sent',
    delivered: 'delivered',
    read: 'delivered',
    undelivered: 'undelivered',
    rejected: 'undelivered',
    failed: 'failed',
  }
  for (const versions of [['v2'], ['v3'], ['v2', 'v3']] as Version[][]) {
    for (const [word, status] of Object.entries(statuses)) {
      t.same(
        read(signed(report(word), { versions })),
        { outcome: 'read', receipts: [{ ...ids, status }] },
        `${versions} ${word}`,
      )
    }
  }
  for (const word of ['', 'queued', 'received', 'toString']) {
    t.same(read(signed(report(word))), { outcome: 'read', receipts: [] }, word)
  }
  const codes: [code: string, reason: object][] = [
    ['200', { reason: '200' }],
    ['000', {}],
    ['', {}],
    ['to +14157778888', {}],
  ]
  for (const [ErrorCode, reason] of codes) {
    t.same(
      read(signed(report('undelivered', { ErrorCode }))),
      { outcome: 'read', receipts: [{ ...ids, status: 'undelivered', ...reason }] },
      ErrorCode,
    )
  }
  t.same(read(signed({ MessageUUID: UUID })), { outcome: 'unreadable' })
})

t.test('reads the send id and the message id where present', async (t) => {
  const read = await reader()
  const plain = 'https://auth.example.com/webhooks/sms/plivo'
  for (const url of [plain, `${plain}?send_id=x`]) {
    const options = { url, versions: ['v3'] as Version[] }
    t.same(read(signed(report('sent'), options)), {
      outcome: 'read',
      receipts: [{ messageId: UUID, status: 'sent' }],
    })
    t.same(read(signed({ Status: 'sent' }, options)), { outcome: 'read', receipts: [] })
  }
  t.same(read(signed({ Status: 'sent' })), { outcome: 'read', receipts: [{ sendId, status: 'sent' }] })
})

t.test('verifies V3 over the sorted query and every value of every parameter', async (t) => {
  const read = await reader()
  const url = 'https://auth.example.com/webhooks/sms/plivo?b=2&a=1'
  const form = new URLSearchParams('Status=sent&MessageUUID=2&MessageUUID=1&MessageUUID=2')
  const data = `https://auth.example.com/webhooks/sms/plivo?a=1&b=2.MessageUUID1MessageUUID2MessageUUID2Statussent.${NONCE}`
  const signature = createHmac('sha256', TOKEN).update(data).digest('base64')
  const request = signed(form, { url, versions: [] })
  const headers = { 'x-plivo-signature-v3': signature, 'x-plivo-signature-v3-nonce': NONCE }
  t.equal(read({ ...request, headers }).outcome, 'read')
  const empty = { ...signed({}, { url, versions: ['v3'] }), body: Buffer.alloc(0) }
  t.same(read(empty), { outcome: 'unreadable' }, 'without parameters the signed text has only one dot')
})

t.test('accepts one valid signature of several, also that of the main account', async (t) => {
  const read = await reader()
  for (const version of ['v2', 'v3'] as const) {
    const genuine = signed(report('sent'), { versions: [version] })
    const name = `x-plivo-signature-${version}`
    const signature = genuine.headers[name]
    const other = signV2('https://auth.example.com/', 'test.not-a-real-token-either')
    const nonce = { [`${name}-nonce`]: NONCE }
    for (const headers of [
      { ...nonce, [name]: `${other},${signature}` },
      { ...nonce, [name]: `${signature}, ${other}` },
      { ...nonce, [`x-plivo-signature-ma-${version}`]: signature },
      { ...nonce, [name]: other, [`x-plivo-signature-ma-${version}`]: signature },
    ]) {
      t.equal(read({ ...genuine, headers }).outcome, 'read', JSON.stringify(headers))
    }
    t.equal(read({ ...genuine, headers: { ...nonce, [name]: other } }).outcome, 'forged')
  }
})

t.test('ignores V2 where V3 headers are present', async (t) => {
  const read = await reader()
  const genuine = signed(report('delivered'))
  const { 'x-plivo-signature-v3': _, ...withoutSignature } = genuine.headers
  const { 'x-plivo-signature-v3-nonce': __, ...withoutNonce } = genuine.headers
  for (const headers of [
    withoutSignature,
    withoutNonce,
    { ...genuine.headers, 'x-plivo-signature-v3': '' },
    { ...genuine.headers, 'x-plivo-signature-v3-nonce': `${NONCE}0` },
  ]) {
    t.same(read({ ...genuine, headers }), { outcome: 'forged' })
  }
})

t.test('accepts V2 alone only at a URL with a valid key for the message', async (t) => {
  const read = await reader()
  const other = 'a1b2c3d4-e5f6-4708-890a-0b0c0d0e0f10'
  const genuine = signed(report('delivered'), { versions: ['v2'] })
  t.match(read(genuine), { outcome: 'read', receipts: [{ sendId }] })
  for (const url of [
    receiptsOf(other, keyOf(sendId)),
    receiptsOf(sendId, keyOf(sendId, 'test.not-a-real-token-either')),
    receiptsOf(sendId, keyOf(sendId).slice(1)),
    receiptsOf(sendId, ''),
    RECEIPTS.replace(/&key.*/, ''),
    RECEIPTS.replace(/send_id=[^&]*&/, ''),
    'https://auth.example.com/webhooks/sms/plivo',
  ]) {
    t.same(read({ ...genuine, url }), { outcome: 'forged' }, url)
  }
})

t.test('rejects as forged a receipt that Plivo did not sign', async (t) => {
  const read = await reader()
  for (const version of ['v2', 'v3'] as const) {
    const genuine = signed(report('delivered'), { versions: [version] })
    const [name, nonce] = [`x-plivo-signature-${version}`, `x-plivo-signature-${version}-nonce`]
    const signature = genuine.headers[name] ?? ''
    const withHeader = (header: string, value: string | undefined) => ({
      ...genuine,
      headers: { ...genuine.headers, [header]: value },
    })
    for (const [request, because] of [
      [signed(report('delivered'), { versions: [version], token: 'test.not-a-real-token-either' }), 'another key'],
      [{ ...genuine, url: genuine.url.replace('auth.', 'other.') }, 'the URL has another host'],
      [{ ...genuine, url: 'no address' }, 'the URL is invalid'],
      [withHeader(name, undefined), 'the signature is missing'],
      [withHeader(name, ''), 'the signature is empty'],
      [withHeader(name, signature.slice(1)), 'the signature is short'],
      [withHeader(name, '✓'.repeat(44)), 'the signature is garbage'],
      [withHeader(nonce, undefined), 'the nonce is missing'],
      [withHeader(nonce, ''), 'the nonce is empty'],
      [withHeader(nonce, '1'), 'the nonce differs'],
      [{ ...genuine, headers: {} }, 'all headers are missing'],
    ] as const) {
      t.same(read(request), { outcome: 'forged' }, `${version}: ${because}`)
    }
  }
  const genuine = signed(report('delivered'), { versions: ['v3'] })
  t.same(read({ ...genuine, body: Buffer.concat([genuine.body, Buffer.from('&a=b')]) }), { outcome: 'forged' })
  t.same(read({ ...genuine, body: Buffer.alloc(0) }), { outcome: 'forged' })
})

t.test('accepts a receipt of any age, because Plivo signs no time', async (t) => {
  const read = await reader()
  t.equal(read({ ...signed(report('delivered')), now: NOW + 86_400_000 }).outcome, 'read')
})
