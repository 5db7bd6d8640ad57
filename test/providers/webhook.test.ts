import t from 'tap'
import { webhookProvider } from '../../src/providers/webhook/index.ts'
import { createProvider, type ProviderReply, type ProviderVoice, sendOverWire } from '../../testing/index.ts'
import { MESSAGE, testRealProvider } from '../contracts/provider.ts'

const TOKEN = 'test.not-a-real-key'

const DEFAULTS = {
  WEBHOOK_METHOD: 'POST',
  WEBHOOK_FORMAT: 'json',
  WEBHOOK_BODY: '{"to":"{to}","text":"{text}"}',
  WEBHOOK_STATUSES: [],
}
const settings = (url: string, changes: object = {}): Record<string, unknown> => ({
  ...DEFAULTS,
  WEBHOOK_URL: url,
  WEBHOOK_HEADERS: `Authorization: Bearer ${TOKEN}`,
  ...changes,
})

const json = (status: number, body: unknown): ProviderReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const voice: ProviderVoice = {
  accepted: () => json(200, { status: 0, id: 'msg-1' }),
  refused: ({ body }) => json(404, { status: 9, request: body }),
  lie: ({ body }) => json(200, { status: 7, request: body }),
}
const DESCRIBED = { WEBHOOK_MESSAGE_ID: '/id', WEBHOOK_ACCEPTED_IF: '/status=0', WEBHOOK_STATUSES: ['404=refused'] }

testRealProvider(t, {
  definition: webhookProvider,
  settings: (url) => settings(url, DESCRIBED),
  secrets: [TOKEN],
  voice,
})

const URL = 'https://sms.example.com/send'
const sent = async (changes: object, message: object = {}) => {
  const given = { ...MESSAGE, ...message }
  const { requests } = await sendOverWire(webhookProvider, settings(URL, changes), given)
  return requests[0]!
}

t.test('sends a JSON body as described, byte for byte', async (t) => {
  const request = await sent({
    WEBHOOK_BODY:
      '{"messages":[{"from":"Example","to":"{to_digits}","body":"{text}","ref":"{send_id}","flash":false,"n":1}]}',
    WEBHOOK_HEADERS: `Authorization: Bearer ${TOKEN}|X-Account: 7`,
  })
  t.same(request, {
    method: 'POST',
    url: URL,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      authorization: `Bearer ${TOKEN}`,
      'x-account': '7',
    },
    body: `{"messages":[{"from":"Example","to":"18009998877","body":${JSON.stringify(MESSAGE.text)},"ref":"${MESSAGE.sendId}","flash":false,"n":1}]}`,
  })
})

t.test('sends a form body, or everything in the query', async (t) => {
  const form = await sent({ WEBHOOK_FORMAT: 'form', WEBHOOK_BODY: 'to={to}&msg={code}&lang={locale}' }, { text: 'x' })
  t.equal(form.headers['content-type'], 'application/x-www-form-urlencoded')
  t.equal(form.body, 'to=%2B18009998877&msg=049281&lang=en')
  const query = await sent({ WEBHOOK_METHOD: 'GET', WEBHOOK_URL: `${URL}?to={to}&msg={text}` }, { text: 'a b&to=1#2' })
  t.match(query, { method: 'GET', url: `${URL}?to=%2B18009998877&msg=a%20b%26to%3D1%232`, body: undefined })
})

t.test('never lets text escape its field or act as a placeholder', async (t) => {
  const text = '"},{"to":"{to}\\ {code} $& $1\n&to=+1%00\u2028'
  t.same(JSON.parse((await sent({}, { text })).body!), { to: MESSAGE.to, text })
  const form = await sent({ WEBHOOK_FORMAT: 'form', WEBHOOK_BODY: 'to={to}&msg={text}' }, { text })
  t.same(
    [...new URLSearchParams(form.body)],
    [
      ['to', MESSAGE.to],
      ['msg', text],
    ],
  )
  const query = await sent({ WEBHOOK_METHOD: 'GET', WEBHOOK_URL: `${URL}?to={to}&msg={text}` }, { text })
  t.same(
    [...new globalThis.URL(query.url).searchParams],
    [
      ['to', MESSAGE.to],
      ['msg', text],
    ],
  )
})

t.test('encodes half of a surrogate pair safely in every format', async (t) => {
  const text = 'a\ud800'
  t.equal((await sent({}, { text })).body, '{"to":"+18009998877","text":"a\\ud800"}')
  const form = await sent({ WEBHOOK_FORMAT: 'form', WEBHOOK_BODY: 'to={to}&msg={text}' }, { text })
  t.equal(form.body, 'to=%2B18009998877&msg=a%EF%BF%BD')
  const query = await sent({ WEBHOOK_METHOD: 'GET', WEBHOOK_URL: `${URL}?to={to}&msg={text}` }, { text })
  t.equal(query.url, `${URL}?to=%2B18009998877&msg=a%EF%BF%BD`)
})

t.test('accepts any HTTP header name and a gateway on the same machine', async (t) => {
  const { headers } = await sent({ WEBHOOK_HEADERS: 'api_key: x\r\nX.Id:7\n\nContent-Type: application/vnd.x+json' })
  t.match(headers, { api_key: 'x', 'x.id': '7', 'content-type': 'application/vnd.x+json' })
  for (const url of ['http://127.0.0.1:8080/send', 'http://[::1]/', 'http://localhost?to={to}&text={text}']) {
    t.ok((await sent({ WEBHOOK_URL: url })).url.startsWith(url.split('?')[0]!), url)
  }
})

t.test('maps a response to an outcome as the settings say', async (t) => {
  const cases: [changes: object, answer: object, expected: object][] = [
    [{}, { status: 200, body: 'OK' }, { outcome: 'accepted' }],
    [{}, { status: 202, body: '' }, { outcome: 'accepted' }],
    [
      { WEBHOOK_MESSAGE_ID: '/messages/0/id' },
      { body: '{"messages":[{"id":7}]}' },
      { outcome: 'accepted', messageId: '7' },
    ],
    [{ WEBHOOK_MESSAGE_ID: '/a~1b/~0' }, { body: '{"a/b":{"~":"x"}}' }, { outcome: 'accepted', messageId: 'x' }],
    [{ WEBHOOK_MESSAGE_ID: '/id' }, { body: '{"id":""}' }, { outcome: 'accepted', messageId: undefined }],
    [{ WEBHOOK_MESSAGE_ID: '/length' }, { body: '[1]' }, { outcome: 'accepted', messageId: undefined }],
    [{ WEBHOOK_ACCEPTED_IF: '/error=null' }, { body: '{"error":null}' }, { outcome: 'accepted' }],
    [{ WEBHOOK_ACCEPTED_IF: '/error=null' }, { body: '{}' }, { outcome: 'failed' }],
    [{ WEBHOOK_MESSAGE_ID: '/__proto__/id' }, { body: '{}' }, { outcome: 'accepted' }],
    [{ WEBHOOK_MESSAGE_ID: '/id' }, { body: 'OK' }, { outcome: 'unknown' }],
    [{ WEBHOOK_ACCEPTED_IF: '/ok=true' }, { body: '{"ok":true}' }, { outcome: 'accepted' }],
    [{ WEBHOOK_ACCEPTED_IF: '/ok=true' }, { body: '{"ok":"true"}' }, { outcome: 'accepted' }],
    [{ WEBHOOK_ACCEPTED_IF: '/ok=true' }, { body: '{"ok":false}' }, { outcome: 'failed' }],
    [{ WEBHOOK_ACCEPTED_IF: '/ok=true' }, { body: '{"ok":{}}' }, { outcome: 'failed' }],
    [{ WEBHOOK_ACCEPTED_IF: '/ok=true' }, { body: 'OK' }, { outcome: 'unknown' }],
    [{ WEBHOOK_STATUSES: ['4xx=failed', '404=refused'] }, { status: 404 }, { outcome: 'refused' }],
    [{ WEBHOOK_STATUSES: ['4xx=failed', '404=refused'] }, { status: 400 }, { outcome: 'failed' }],
    [{ WEBHOOK_STATUSES: ['302=accepted'] }, { status: 302 }, { outcome: 'accepted' }],
    [{ WEBHOOK_STATUSES: ['200=unknown'] }, { status: 200 }, { outcome: 'unknown' }],
    [{}, { status: 429, headers: { 'retry-after': '9' } }, { outcome: 'failed', retryAfter: 9 }],
  ]
  for (const [changes, answer, expected] of cases) {
    const { result } = await sendOverWire(webhookProvider, settings(URL, changes), MESSAGE, answer)
    t.match(result, expected, JSON.stringify([changes, answer]))
  }
})

t.test('names the setting, the fault and an example in each error', async (t) => {
  const cases: [changes: object, fault: RegExp][] = [
    [{ WEBHOOK_BODY: '{"to":"{to}","text":"{txt}"}' }, /WEBHOOK_BODY has the unknown placeholder \{txt\}\. Use \{to\}/],
    [
      { WEBHOOK_BODY: '{"to":"{to}","text":"{text}","ref":"{SendId}"}' },
      /WEBHOOK_BODY has the unknown placeholder \{SendId\}/,
    ],
    [{ WEBHOOK_BODY: '{"to":"{ to }","text":"{text}"}' }, /WEBHOOK_BODY has the unknown placeholder \{ to \}/],
    [{ WEBHOOK_BODY: '{"to":"{{to}}","text":"{text}"}' }, /WEBHOOK_BODY has the unknown placeholder \{\{to\}\}/],
    [{ WEBHOOK_BODY: '{"to":"{to}"' }, /WEBHOOK_BODY is not JSON/],
    [{ WEBHOOK_FORMAT: 'form' }, /WEBHOOK_BODY is not a list of fields/],
    [{ WEBHOOK_FORMAT: 'form', WEBHOOK_BODY: 'to={to}&{text}' }, /WEBHOOK_BODY is not a list of fields/],
    [{ WEBHOOK_BODY: '{"to":"{to}"}' }, /must have \{to\} or \{to_digits\}, and \{text\} or \{code\}/],
    [{ WEBHOOK_BODY: '{"text":"{text}"}' }, /must have \{to\}/],
    [{ WEBHOOK_METHOD: 'GET' }, /must have \{to\}/],
    [{ WEBHOOK_URL: `${URL}?x={what}` }, /WEBHOOK_URL has the unknown placeholder \{what\}/],
    [{ WEBHOOK_URL: 'file:///etc/passwd' }, /WEBHOOK_URL is not an HTTP URL/],
    [{ WEBHOOK_URL: 'https://user:x@sms.example.com' }, /WEBHOOK_URL must not hold credentials/],
    [{ WEBHOOK_URL: 'http://169.254.169.254/latest' }, /WEBHOOK_URL leads to a link-local address/],
    [{ WEBHOOK_URL: 'http://2852039166/latest' }, /WEBHOOK_URL leads to a link-local address/],
    [{ WEBHOOK_URL: 'http://[fe80::1]/' }, /WEBHOOK_URL leads to a link-local address/],
    [{ WEBHOOK_URL: 'http://[::ffff:169.254.169.254]/' }, /WEBHOOK_URL leads to a link-local address/],
    [{ WEBHOOK_URL: 'http://[fd00:ec2::254]/latest' }, /WEBHOOK_URL leads to a link-local address/],
    [{ WEBHOOK_URL: 'http://{to_digits}/' }, /WEBHOOK_URL must have a host without placeholders/],
    [{ WEBHOOK_URL: 'https://sms.example.com\\@{to}/' }, /WEBHOOK_URL must have a host without placeholders/],
    [{ WEBHOOK_URL: `${URL}#{to}{text}` }, /WEBHOOK_URL must have a host without placeholders and no "#"/],
    [{ WEBHOOK_HEADERS: 'Content-Length: 5' }, /WEBHOOK_HEADERS must not set "Content-Length"/],
    [{ WEBHOOK_HEADERS: 'Idempotency-Key: {send_id}' }, /WEBHOOK_HEADERS has a placeholder in "Idempotency-Key"/],
    [{ WEBHOOK_HEADERS: 'Authorization' }, /WEBHOOK_HEADERS has a part that is not "Name: value"/],
    [{ WEBHOOK_MESSAGE_ID: 'id' }, /WEBHOOK_MESSAGE_ID has "id", which is not a JSON pointer/],
    [{ WEBHOOK_ACCEPTED_IF: '/ok' }, /WEBHOOK_ACCEPTED_IF has "\/ok", which is not POINTER=VALUE/],
    [{ WEBHOOK_STATUSES: ['600=failed'] }, /WEBHOOK_STATUSES has "600=failed"/],
    [{ WEBHOOK_STATUSES: ['404=lost'] }, /WEBHOOK_STATUSES has "404=lost"/],
  ]
  for (const [changes, fault] of cases) {
    const error = await createProvider(webhookProvider, settings(URL, changes)).then(
      () => undefined,
      (thrown: Error) => thrown,
    )
    t.match(error?.message, fault, JSON.stringify(changes))
    t.match(error?.message, /For example: /)
  }
})
