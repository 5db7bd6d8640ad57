import { createHmac } from 'node:crypto'
import t from 'tap'
import type { ReceiptRequest } from '../../src/core/delivery/ports.ts'
import { infobipProvider } from '../../src/providers/infobip/index.ts'
import { createProvider, type ProviderReply, type ProviderVoice, sendOverWire } from '../../testing/index.ts'
import { MESSAGE, testRealProvider } from '../contracts/provider.ts'

const API_KEY = 'test.not-a-real-key'
const SECRET = 'test.not-a-real-secret-of-32-characters'
const URL = 'https://xxxxx.api.infobip.com'
const { sendId } = MESSAGE

const settings = (url: string) => ({
  INFOBIP_API_KEY: API_KEY,
  INFOBIP_FROM: 'InfoSMS',
  INFOBIP_WEBHOOK_SECRET: SECRET,
  INFOBIP_VOICE_FROM: '+41793026700',
  INFOBIP_WHATSAPP_FROM: '+441134960000',
  INFOBIP_WHATSAPP_TEMPLATE: 'login_code',
  INFOBIP_URL: url,
})
const bare = { INFOBIP_API_KEY: API_KEY, INFOBIP_FROM: '+41793026700', INFOBIP_URL: URL }

const json = (status: number, body: unknown): ProviderReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const GROUPS = ['OK', 'PENDING', 'UNDELIVERABLE', 'DELIVERED', 'EXPIRED', 'REJECTED']
const status = (groupId: number, id: number, name: string) => ({
  status: { groupId, groupName: GROUPS[groupId], id, name, description: 'Description' },
})
const answer = (...words: Parameters<typeof status>) => ({
  bulkId: 'bulk-1',
  messages: [{ to: '18009998877', messageId: sendId, ...status(...words) }],
})

const voice: ProviderVoice = {
  accepted: () => json(200, answer(1, 26, 'PENDING_ACCEPTED')),
  refused: ({ body }) => json(200, { ...answer(5, 8, 'REJECTED_PREFIX_MISSING'), request: body }),
  lie: ({ body, headers }) => json(200, { ...answer(5, 12, 'REJECTED_NOT_ENOUGH_CREDITS'), request: body, headers }),
}

testRealProvider(t, { definition: infobipProvider, settings, secrets: [API_KEY, SECRET], voice })

const HEADERS = { authorization: `App ${API_KEY}`, 'content-type': 'application/json', accept: 'application/json' }
const keyOf = (id: string, secret = SECRET) => createHmac('sha256', secret).update(id).digest('hex')
const receiptsOf = (id: string, key = keyOf(id)) =>
  `https://auth.example.com/webhooks/sms/infobip?send_id=${id}&key=${key}`
const RECEIPTS = receiptsOf(sendId)

t.test('sends an SMS as documented under "Send SMS messages"', async (t) => {
  const message = { ...MESSAGE, to: '+41793026727', text: 'This is a sample message ✓' }
  const { requests, result } = await sendOverWire(infobipProvider, settings(`${URL}/`), message, {
    body: JSON.stringify(answer(1, 26, 'PENDING_ACCEPTED')),
  })
  t.same(result, { outcome: 'accepted', messageId: sendId })
  t.same(requests, [
    {
      method: 'POST',
      url: `${URL}/sms/3/messages`,
      headers: HEADERS,
      body:
        `{"messages":[{"sender":"InfoSMS","destinations":[{"to":"41793026727","messageId":"${sendId}"}],` +
        '"content":{"text":"This is a sample message ✓"},' +
        `"webhooks":{"delivery":{"url":"${RECEIPTS}"},"contentType":"application/json","callbackData":"${sendId}"}}]}`,
    },
  ])
})

t.test('neither requests nor reads receipts without a secret', async (t) => {
  const message = { ...MESSAGE, to: '+41793026727', text: 'This is a sample message' }
  const { requests } = await sendOverWire(infobipProvider, bare, message)
  t.equal(
    requests[0]?.body,
    `{"messages":[{"sender":"41793026700","destinations":[{"to":"41793026727","messageId":"${sendId}"}],` +
      '"content":{"text":"This is a sample message"}}]}',
  )
  t.equal((await createProvider(infobipProvider, bare)).readReceipt, undefined)
})

t.test('places a call as documented under "Send advanced voice message", with pauses', async (t) => {
  const { requests } = await sendOverWire(infobipProvider, settings(URL), {
    ...MESSAGE,
    channel: 'voice',
    to: '+41793026727',
    speech: ['Your code is', '1', '2'],
  })
  t.equal(requests[0]?.url, `${URL}/tts/3/advanced`)
  t.same(requests[0]?.headers, HEADERS)
  t.equal(
    requests[0]?.body,
    `{"messages":[{"from":"41793026700","destinations":[{"to":"41793026727","messageId":"${sendId}"}],` +
      '"text":"Your code is,, 1,, 2,,","language":"en",' +
      `"notifyUrl":"${RECEIPTS}","notifyContentType":"application/json","callbackData":"${sendId}"}]}`,
  )
})

t.test('speaks the language, and the region where it has its own voice', async (t) => {
  for (const [speechLocale, language] of [
    ['en-US', 'en'],
    ['en-GB', 'en-gb'],
    ['de-DE', 'de'],
    ['pt-BR', 'pt-br'],
    ['zh-CN', 'zh-cn'],
    ['fr', 'fr'],
  ] as const) {
    const { requests } = await sendOverWire(infobipProvider, settings(URL), {
      ...MESSAGE,
      channel: 'voice',
      speechLocale,
    })
    t.match(JSON.parse(requests[0]?.body ?? ''), { messages: [{ language }] }, speechLocale)
  }
})

t.test('sends a template as documented under "Send WhatsApp template message"', async (t) => {
  const { requests } = await sendOverWire(infobipProvider, settings(URL), {
    ...MESSAGE,
    channel: 'whatsapp',
    to: '+441134960001',
    locale: 'en-GB',
  })
  t.equal(requests[0]?.url, `${URL}/whatsapp/1/message/template`)
  t.equal(
    requests[0]?.body,
    `{"messages":[{"from":"441134960000","to":"441134960001","messageId":"${sendId}",` +
      '"content":{"templateName":"login_code","templateData":{"body":{"placeholders":["049281"]},' +
      '"buttons":[{"type":"URL","parameter":"049281"}]},"language":"en_GB"},' +
      `"callbackData":"${sendId}","notifyUrl":"${RECEIPTS}"}]}`,
  )
})

t.test('offers a channel only with its settings, and fails messages of other channels', async (t) => {
  t.same((await createProvider(infobipProvider, settings(URL))).channels, ['sms', 'voice', 'whatsapp'])
  t.same((await createProvider(infobipProvider, { ...bare, INFOBIP_WHATSAPP_FROM: '+441134960000' })).channels, ['sms'])
  const { requests, result } = await sendOverWire(infobipProvider, bare, { ...MESSAGE, channel: 'whatsapp' })
  t.equal(result.outcome, 'failed')
  t.same(requests, [])
})

const judge = async ({ status, headers = {}, body = '' }: ProviderReply) =>
  (await sendOverWire(infobipProvider, bare, MESSAGE, { status, headers, body })).result

t.test('derives the outcome of a success from the status of its message', async (t) => {
  const cases: [body: unknown, expected: object][] = [
    [answer(0, 0, 'OK'), { outcome: 'accepted', messageId: sendId }],
    [answer(1, 7, 'PENDING_ENROUTE'), { outcome: 'accepted', messageId: sendId }],
    [answer(3, 2, 'DELIVERED_TO_OPERATOR'), { outcome: 'accepted', messageId: sendId }],
    [answer(5, 8, 'REJECTED_PREFIX_MISSING'), { outcome: 'refused', reason: 'REJECTED_PREFIX_MISSING' }],
    [answer(5, 10, 'REJECTED_DND'), { outcome: 'refused', reason: 'REJECTED_DND' }],
    [answer(5, 14, 'REJECTED_DESTINATION'), { outcome: 'refused', reason: 'REJECTED_DESTINATION' }],
    [answer(5, 52, 'REJECTED_INVALID_DESTINATION'), { outcome: 'refused', reason: 'REJECTED_INVALID_DESTINATION' }],
    [answer(5, 6, 'REJECTED_NETWORK'), { outcome: 'failed', reason: 'REJECTED_NETWORK' }],
    [answer(5, 12, 'REJECTED_NOT_ENOUGH_CREDITS'), { outcome: 'failed', reason: 'REJECTED_NOT_ENOUGH_CREDITS' }],
    [answer(5, 20, 'REJECTED_FLOODING_FILTER'), { outcome: 'failed', reason: 'REJECTED_FLOODING_FILTER' }],
    [answer(5, 23, 'REJECTED_DUPLICATE_MESSAGE_ID'), { outcome: 'unknown', reason: 'REJECTED_DUPLICATE_MESSAGE_ID' }],
    [answer(5, 99, 'Rejected: +18009998877'), { outcome: 'failed', reason: 'rejected' }],
    [answer(2, 4, 'UNDELIVERABLE_REJECTED_OPERATOR'), { outcome: 'failed', reason: 'UNDELIVERABLE_REJECTED_OPERATOR' }],
    [answer(4, 29, 'EXPIRED_DLR_UNKNOWN'), { outcome: 'unknown', reason: 'EXPIRED_DLR_UNKNOWN' }],
    [{ messages: [{ ...status(1, 26, 'PENDING_ACCEPTED') }] }, { outcome: 'accepted' }],
    [
      { messages: [{ messageId: 'x'.repeat(200), ...status(1, 26, 'PENDING_ACCEPTED') }] },
      { outcome: 'accepted', messageId: 'x'.repeat(100) },
    ],
    [{ messages: [{ messageId: sendId }] }, { outcome: 'unknown', reason: 'unreadable answer' }],
    [{ messages: [] }, { outcome: 'unknown', reason: 'unreadable answer' }],
    [{}, { outcome: 'unknown', reason: 'unreadable answer' }],
    [
      { requestError: { serviceException: { messageId: 'GENERAL_ERROR', text: 'Text' } } },
      { outcome: 'failed', reason: 'HTTP 200, GENERAL_ERROR' },
    ],
  ]
  for (const [body, expected] of cases)
    t.same(await judge(json(200, body)), expected, JSON.stringify(body).slice(0, 140))
})

t.test('distinguishes errors of the number, of the request and of Infobip', async (t) => {
  const exception = (messageId: string, validationErrors?: object) => ({
    requestError: { serviceException: { messageId, text: 'Text', validationErrors } },
  })
  const to = 'messages[0].destinations[0].to'
  const cases: [status: number, body: unknown, expected: object][] = [
    [400, exception('BAD_REQUEST', { [to]: ['x'] }), { outcome: 'refused', reason: 'HTTP 400, BAD_REQUEST' }],
    [400, exception('BAD_REQUEST', { 'messages[0].text': ['x'] }), { outcome: 'failed' }],
    [400, exception('BAD_REQUEST'), { outcome: 'failed' }],
    [
      400,
      { errorCode: 'E400', description: 'D', violations: [{ property: to, violation: 'x' }] },
      { outcome: 'refused', reason: 'HTTP 400, E400' },
    ],
    [400, { errorCode: 'E400', violations: [{ property: 'messages[0].sender' }, null] }, { outcome: 'failed' }],
    [401, exception('UNAUTHORIZED'), { outcome: 'failed', reason: 'HTTP 401, UNAUTHORIZED' }],
    [403, exception('FORBIDDEN'), { outcome: 'failed', reason: 'HTTP 403, FORBIDDEN' }],
    [404, 'no such place', { outcome: 'failed', reason: 'HTTP 404' }],
    [500, exception('GENERAL_ERROR'), { outcome: 'failed', reason: 'HTTP 500, GENERAL_ERROR' }],
    [503, exception('words that +18009998877 is in'), { outcome: 'failed', reason: 'HTTP 503' }],
    [408, null, { outcome: 'unknown', reason: 'HTTP 408' }],
    [504, null, { outcome: 'unknown', reason: 'HTTP 504' }],
  ]
  for (const [code, body, expected] of cases) {
    t.match(await judge(json(code, body)), expected, `${code} ${JSON.stringify(body)}`)
  }
  t.same(await judge({ ...json(429, exception('TOO_MANY_REQUESTS')), headers: { 'retry-after': '5' } }), {
    outcome: 'failed',
    reason: 'HTTP 429, TOO_MANY_REQUESTS',
    retryAfter: 5,
  })
})

const post = (body: unknown, url = RECEIPTS): ReceiptRequest => ({
  url,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  now: 1_790_000_000_000,
})
const report = (words: object, changes: object = {}) => ({
  results: [{ bulkId: 'bulk-1', messageId: sendId, to: '41793026727', callbackData: sendId, ...words, ...changes }],
})

const reader = async () => {
  const { readReceipt } = await createProvider(infobipProvider, settings(URL))
  return readReceipt!
}

t.test('maps the status of a receipt', async (t) => {
  const read = await reader()
  const cases: [words: Parameters<typeof status>, expected: object | undefined][] = [
    [[3, 5, 'DELIVERED_TO_HANDSET'], { status: 'delivered' }],
    [[3, 2, 'DELIVERED_TO_OPERATOR'], { status: 'sent' }],
    [[1, 7, 'PENDING_ENROUTE'], { status: 'sent' }],
    [[1, 3, 'PENDING_WAITING_DELIVERY'], { status: 'sent' }],
    [[1, 26, 'PENDING_ACCEPTED'], undefined],
    [[2, 9, 'UNDELIVERABLE_NOT_DELIVERED'], { status: 'undelivered', reason: 'UNDELIVERABLE_NOT_DELIVERED' }],
    [[4, 15, 'EXPIRED_EXPIRED'], { status: 'undelivered', reason: 'EXPIRED_EXPIRED' }],
    [[5, 6, 'REJECTED_NETWORK'], { status: 'failed', reason: 'REJECTED_NETWORK' }],
    [[5, 99, 'Rejected: 41793026727'], { status: 'failed' }],
    [[0, 0, 'OK'], undefined],
    [[9, 99, 'NEW'], undefined],
  ]
  for (const [words, expected] of cases) {
    t.same(
      read(post(report(status(...words)))),
      { outcome: 'read', receipts: expected ? [{ sendId, messageId: sendId, ...expected }] : [] },
      words[2],
    )
  }
  const error = { groupId: 2, groupName: 'USER_ERRORS', id: 5003, name: 'EC_VOICE_NO_ANSWER', permanent: true }
  t.match(read(post(report(status(4, 15, 'EXPIRED_EXPIRED'), { error }))), {
    receipts: [{ status: 'undelivered', reason: 'EC_VOICE_NO_ANSWER' }],
  })
  const none = { groupId: 0, groupName: 'OK', id: 0, name: 'NO_ERROR', permanent: false }
  t.match(read(post(report(status(4, 15, 'EXPIRED_EXPIRED'), { error: none }))), {
    receipts: [{ reason: 'EXPIRED_EXPIRED' }],
  })
})

const DELIVERED = status(3, 5, 'DELIVERED_TO_HANDSET')

t.test('ignores receipts about messages other than the one in the URL', async (t) => {
  const read = await reader()
  const other = 'a1b2c3d4-e5f6-4708-890a-0b0c0d0e0f10'
  const own = { sendId, status: 'delivered' }
  t.same(read(post(report(DELIVERED, { callbackData: other }))), { outcome: 'read', receipts: [] })
  t.same(read(post(report(DELIVERED, { callbackData: undefined, messageId: other }))), {
    outcome: 'read',
    receipts: [own],
  })
  t.same(
    read(post({ results: [...report(DELIVERED, { callbackData: other }).results, ...report(DELIVERED).results] })),
    {
      outcome: 'read',
      receipts: [{ ...own, messageId: sendId }],
    },
  )
})

t.test('rejects as forged a receipt at a URL with an invalid key', async (t) => {
  const read = await reader()
  const other = 'a1b2c3d4-e5f6-4708-890a-0b0c0d0e0f10'
  const key = keyOf(sendId)
  for (const [url, because] of [
    [receiptsOf(sendId, `${key.startsWith('0') ? '1' : '0'}${key.slice(1)}`), 'one digit of the key differs'],
    [receiptsOf(sendId, keyOf(sendId, 'test.another-secret-of-32-characters')), 'the key was made with another secret'],
    [receiptsOf(other, key), 'the key belongs to another message'],
    [receiptsOf(sendId, key.slice(1)), 'the key is short'],
    [receiptsOf(sendId, key.toUpperCase()), 'the key is in upper case'],
    [receiptsOf(sendId, ''), 'the key is empty'],
    [receiptsOf('', keyOf('')), 'the send id is empty'],
    [receiptsOf('x'.repeat(101)), 'the send id is too long'],
    ['https://auth.example.com/webhooks/sms/infobip', 'the URL has no query'],
    ['no address', 'the URL is invalid'],
    ['', 'the URL is empty'],
  ] as const) {
    t.same(read(post(report(DELIVERED), url)), { outcome: 'forged' }, because)
  }
})

t.test('reports malformed receipts as unreadable and never throws', async (t) => {
  const read = await reader()
  for (const body of ['', ' ', 'null', '[]', '7', '{}', '{"results":{}}', '{', '\u0000', 'x'.repeat(1e6)]) {
    t.same(read(post(body)), { outcome: 'unreadable' }, JSON.stringify(body.slice(0, 20)))
  }
  for (const results of [[], [null], [7], ['x'], [[]], [{}], [{ status: null }], [{ status: 7 }], [{ status: {} }]]) {
    t.same(read(post({ results })), { outcome: 'read', receipts: [] }, JSON.stringify(results))
  }
  for (const changes of [{ callbackData: 7 }, { callbackData: {} }, { messageId: {} }, { error: 'x' }, { error: [] }]) {
    t.equal(read(post(report(DELIVERED, changes))).outcome, 'read', JSON.stringify(changes))
  }
})
