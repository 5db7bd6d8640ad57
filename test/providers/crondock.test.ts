import t from 'tap'
import { crondockProvider } from '../../src/providers/crondock/index.ts'
import { type ProviderReply, type ProviderVoice, sendOverWire } from '../../testing/index.ts'
import { MESSAGE, testRealProvider } from '../contracts/provider.ts'

const API_KEY = 'test.not-a-real-key'

const json = (status: number, body: unknown): ProviderReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

const voice: ProviderVoice = {
  accepted: () => json(200, { id: 'msg-1' }),
  refused: ({ body }) => json(400, { error: 'invalid number', request: body }),
  lie: ({ body, headers }) => json(200, { error: `cannot send ${body}`, headers }),
}

const settings = (url: string) => ({ CRONDOCK_API_KEY: API_KEY, CRONDOCK_URL: url })
const ADDRESS = 'https://api.crondock.com/run/sms/'

/** Returns the result that the provider derives from a response. */
const judge = async ({ status, headers = {}, body = '' }: ProviderReply) =>
  (await sendOverWire(crondockProvider, settings(ADDRESS), MESSAGE, { status, headers, body })).result

testRealProvider(t, { definition: crondockProvider, settings, secrets: [API_KEY], voice })

t.test('sends the request that the tutorial documents', async (t) => {
  const { requests, result } = await sendOverWire(
    crondockProvider,
    settings(ADDRESS),
    { ...MESSAGE, text: 'Your code:\n"049281"' },
    { body: '{"id":"msg-1"}' },
  )
  t.same(result, { outcome: 'accepted', messageId: 'msg-1' })
  t.same(requests, [
    {
      method: 'POST',
      url: ADDRESS,
      headers: {
        authorization: `Api-Key ${API_KEY}`,
        'content-type': 'application/json',
        accept: 'application/json',
      },
      body: '{"data":{"to_phone":"18009998877","body":"Your code:\\n\\"049281\\""}}',
    },
  ])
})

t.test('sends to api.crondock.com by default', async (t) => {
  t.match(crondockProvider.settings.properties['CRONDOCK_URL'], { default: ADDRESS })
})

t.test('derives the outcome of a success status from the body', async (t) => {
  const bodies: [body: unknown, expected: object][] = [
    [{ id: 'msg-1' }, { outcome: 'accepted', messageId: 'msg-1' }],
    [{ message_id: 7 }, { outcome: 'accepted', messageId: '7' }],
    [{ id: 'x'.repeat(1_000) }, { outcome: 'accepted', messageId: 'x'.repeat(100) }],
    [{}, { outcome: 'accepted' }],
    [{ id: { nested: true } }, { outcome: 'accepted' }],
    [
      { id: 'msg-1', error: null, errors: [], success: true, status: 'queued' },
      { outcome: 'accepted', messageId: 'msg-1' },
    ],
    [{ error: 'no credit' }, { outcome: 'failed' }],
    [{ errors: ['no credit'] }, { outcome: 'failed' }],
    [{ success: false }, { outcome: 'failed' }],
    [{ status: 'error' }, { outcome: 'failed' }],
    [null, { outcome: 'unknown' }],
    ['sent', { outcome: 'unknown' }],
    [1, { outcome: 'unknown' }],
  ]
  for (const [body, expected] of bodies) {
    for (const status of [200, 201, 202]) {
      const { reason: _, ...result } = { reason: '', ...(await judge(json(status, body))) }
      t.same(result, expected, `${status} ${JSON.stringify(body).slice(0, 80)}`)
    }
  }
})

t.test('maps each error status to refused, failed or unknown', async (t) => {
  const statuses = {
    refused: [400, 422],
    failed: [401, 402, 403, 404, 405, 409, 410, 413, 415, 429, 500, 501, 503, 301, 302, 303, 308],
    unknown: [408, 502, 504],
  }
  for (const [outcome, list] of Object.entries(statuses)) {
    for (const status of list) {
      t.match(await judge(json(status, { id: 'msg-1' })), { outcome, reason: `HTTP ${status}` }, `${status}`)
    }
  }
})

t.test('passes on Retry-After only in whole seconds', async (t) => {
  const waits: [header: string, retryAfter: number | undefined][] = [
    ['30', 30],
    ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['9'.repeat(30), undefined],
  ]
  for (const [header, retryAfter] of waits) {
    const result = await judge({ status: 429, headers: { 'retry-after': header } })
    t.same(result, { outcome: 'failed', reason: 'HTTP 429', ...(retryAfter && { retryAfter }) }, header)
  }
})
