import { createHmac } from 'node:crypto'
import t from 'tap'
import type { ReceiptRequest } from '../../src/core/delivery/ports.ts'
import { twilioProvider } from '../../src/providers/twilio/index.ts'
import { createProvider, type ProviderReply, type ProviderVoice, sendOverWire } from '../../testing/index.ts'
import { MESSAGE, testRealProvider, testReceipts } from '../contracts/provider.ts'

const TOKEN = 'test.not-a-real-token'
const ACCOUNT = `AC${'X'.repeat(32)}`
const SERVICE = `MG${'X'.repeat(32)}`
const TEMPLATE = `HX${'X'.repeat(32)}`
const ADDRESS = 'https://api.twilio.com'
const CREDENTIAL = Buffer.from(`${ACCOUNT}:${TOKEN}`).toString('base64')

const settings = (url: string) => ({
  TWILIO_ACCOUNT_SID: ACCOUNT,
  TWILIO_AUTH_TOKEN: TOKEN,
  TWILIO_FROM: '+15017122661',
  TWILIO_VOICE_FROM: '+15017122661',
  TWILIO_WHATSAPP_FROM: '+14155238886',
  TWILIO_WHATSAPP_TEMPLATE: TEMPLATE,
  TWILIO_URL: url,
})
const bare = { TWILIO_ACCOUNT_SID: ACCOUNT, TWILIO_AUTH_TOKEN: TOKEN, TWILIO_FROM: SERVICE, TWILIO_URL: ADDRESS }

const json = (status: number, body: unknown): ProviderReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const error = (code: number, status: number, message = 'Message') => ({
  code,
  message,
  more_info: `https://www.twilio.com/docs/errors/${code}`,
  status,
})

const voice: ProviderVoice = {
  accepted: () => json(201, { sid: 'SM1', status: 'queued', error_code: null, error_message: null }),
  refused: ({ body }) => json(400, error(21211, 400, `Invalid 'To' Phone Number: ${body}`)),
  lie: ({ body, headers }) =>
    json(201, { sid: 'SM1', status: 'failed', error_code: 30008, error_message: `cannot send ${body}`, headers }),
}

testRealProvider(t, { definition: twilioProvider, settings, secrets: [TOKEN, CREDENTIAL], voice })

const HEADERS = {
  authorization: `Basic ${CREDENTIAL}`,
  'content-type': 'application/x-www-form-urlencoded',
  accept: 'application/json',
}
const RECEIPTS = `https://auth.example.com/webhooks/sms/twilio?send_id=${MESSAGE.sendId}`
const CALLBACK = `StatusCallback=${encodeURIComponent(RECEIPTS)}`

t.test('sends an SMS as documented under "Messages resource"', async (t) => {
  const message = { ...MESSAGE, to: '+15558675310', text: 'Hi there\n✓ é & 50%' }
  const { requests, result } = await sendOverWire(twilioProvider, settings(`${ADDRESS}/`), message, {
    status: 201,
    body: '{"sid":"SMXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX","status":"queued","error_code":null}',
  })
  t.same(result, { outcome: 'accepted', messageId: 'SMXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX' })
  t.same(requests, [
    {
      method: 'POST',
      url: `https://api.twilio.com/2010-04-01/Accounts/${ACCOUNT}/Messages.json`,
      headers: HEADERS,
      body: `To=%2B15558675310&From=%2B15017122661&Body=Hi+there%0A%E2%9C%93+%C3%A9+%26+50%25&${CALLBACK}`,
    },
  ])
})

t.test('sends through a messaging service by SID, and requests no receipt without a URL', async (t) => {
  const message = { ...MESSAGE, to: '+15558675310', text: 'Hi there' }
  const { requests } = await sendOverWire(twilioProvider, bare, message, {}, { receiptsUrl: undefined })
  t.equal(requests[0]?.body, `To=%2B15558675310&MessagingServiceSid=${SERVICE}&Body=Hi+there`)
})

t.test('places a call as documented under "Call resource"', async (t) => {
  const { requests, result } = await sendOverWire(
    twilioProvider,
    settings(ADDRESS),
    { ...MESSAGE, channel: 'voice', to: '+14155551212', speech: ['Tom & "Co" <b>', "1 2 '3"], speechLocale: 'en-GB' },
    { status: 201, body: '{"sid":"CAXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX","status":"queued"}' },
  )
  t.same(result, { outcome: 'accepted', messageId: 'CAXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX' })
  t.equal(requests[0]?.url, `https://api.twilio.com/2010-04-01/Accounts/${ACCOUNT}/Calls.json`)
  t.same(requests[0]?.headers, HEADERS)
  const twiml =
    '%3C%3Fxml+version%3D%221.0%22+encoding%3D%22UTF-8%22%3F%3E%3CResponse%3E' +
    '%3CSay+language%3D%22en-GB%22%3ETom+%26amp%3B+%26quot%3BCo%26quot%3B+%26lt%3Bb%26gt%3B%3C%2FSay%3E' +
    '%3CPause+length%3D%221%22%2F%3E' +
    '%3CSay+language%3D%22en-GB%22%3E1+2+%26apos%3B3%3C%2FSay%3E%3CPause+length%3D%221%22%2F%3E%3C%2FResponse%3E'
  t.equal(requests[0]?.body, `To=%2B14155551212&From=%2B15017122661&Twiml=${twiml}&${CALLBACK}`)
})

t.test('sends a template as documented under "whatsapp/authentication"', async (t) => {
  const message = { ...MESSAGE, channel: 'whatsapp' as const, to: '+15558675310' }
  const { requests } = await sendOverWire(twilioProvider, settings(ADDRESS), message)
  t.equal(requests[0]?.url, `https://api.twilio.com/2010-04-01/Accounts/${ACCOUNT}/Messages.json`)
  t.equal(
    requests[0]?.body,
    'To=whatsapp%3A%2B15558675310&From=whatsapp%3A%2B14155238886' +
      `&ContentSid=${TEMPLATE}&ContentVariables=%7B%221%22%3A%22049281%22%7D&${CALLBACK}`,
  )
})

t.test('offers a channel only with its settings, and fails messages of other channels', async (t) => {
  t.same((await createProvider(twilioProvider, settings(ADDRESS))).channels, ['sms', 'voice', 'whatsapp'])
  const half = { ...bare, TWILIO_WHATSAPP_FROM: '+14155238886' }
  t.same((await createProvider(twilioProvider, half)).channels, ['sms'])
  const { requests, result } = await sendOverWire(twilioProvider, half, { ...MESSAGE, channel: 'whatsapp' })
  t.equal(result.outcome, 'failed')
  t.same(requests, [])
})

const judge = async ({ status, headers = {}, body = '' }: ProviderReply) =>
  (await sendOverWire(twilioProvider, bare, MESSAGE, { status, headers, body })).result

t.test('distinguishes errors of the number, of the request and of Twilio', async (t) => {
  for (const code of [21211, 21217, 21265, 21610, 21614, 21635, 30005, 30006, 63003, 63024]) {
    t.same(await judge(json(400, error(code, 400))), { outcome: 'refused', reason: `HTTP 400, code ${code}` })
  }
  const failed: [status: number, code: number, because: string][] = [
    [401, 20003, 'the token is wrong'],
    [404, 20404, 'the account does not exist'],
    [400, 21408, 'the account may not send to the region'],
    [400, 21215, 'the account may not call the region'],
    [400, 21216, 'Twilio blocks the call'],
    [400, 21214, 'Twilio cannot reach the number'],
    [400, 21219, 'a trial account may send to verified numbers only'],
    [400, 21608, 'a trial account may send to verified numbers only'],
    [400, 21606, 'the sender cannot send'],
    [400, 21612, 'this sender cannot send to this number'],
    [400, 21212, 'the sender is not a number'],
    [400, 21659, 'the sender does not belong to Twilio'],
    [500, 20500, 'Twilio is at fault'],
    [503, 20503, 'Twilio is unavailable'],
  ]
  for (const [status, code, because] of failed) {
    t.same(
      await judge(json(status, error(code, status))),
      { outcome: 'failed', reason: `HTTP ${status}, code ${code}` },
      because,
    )
  }
  t.same(await judge({ ...json(429, error(20429, 429)), headers: { 'retry-after': '5' } }), {
    outcome: 'failed',
    reason: 'HTTP 429, code 20429',
    retryAfter: 5,
  })
  for (const status of [408, 502, 504]) {
    t.same(await judge({ status, body: '<html>' }), { outcome: 'unknown', reason: `HTTP ${status}` })
  }
  const quoting = { ...error(21211, 400), code: 'no code at all: +18009998877' }
  t.same(await judge(json(400, quoting)), { outcome: 'failed', reason: 'HTTP 400' })
})

t.test('derives the outcome of a success status from the body', async (t) => {
  const cases: [body: unknown, expected: object][] = [
    [
      { sid: 'SM1', status: 'accepted', error_code: null },
      { outcome: 'accepted', messageId: 'SM1' },
    ],
    [{ sid: 'x'.repeat(200) }, { outcome: 'accepted', messageId: 'x'.repeat(100) }],
    [
      { sid: 'SM1', status: 'failed', error_code: null },
      { outcome: 'failed', reason: 'HTTP 201' },
    ],
    [
      { sid: 'CA1', status: 'canceled' },
      { outcome: 'failed', reason: 'HTTP 201' },
    ],
    [
      { sid: 'SM1', status: 'failed', error_code: 30006 },
      { outcome: 'refused', reason: 'HTTP 201, code 30006' },
    ],
    [
      { sid: 'SM1', status: 'queued', error_code: 30001 },
      { outcome: 'failed', reason: 'HTTP 201, code 30001' },
    ],
    [error(21211, 400), { outcome: 'refused', reason: 'HTTP 201, code 21211' }],
    [error(20003, 401), { outcome: 'failed', reason: 'HTTP 201, code 20003' }],
    [{ sid: '' }, { outcome: 'unknown', reason: 'unreadable answer' }],
    [{ sid: 7 }, { outcome: 'unknown', reason: 'unreadable answer' }],
    [null, { outcome: 'unknown', reason: 'unreadable answer' }],
  ]
  for (const [body, expected] of cases) {
    t.same(await judge(json(201, body)), expected, JSON.stringify(body).slice(0, 80))
  }
})

const NOW = 1_790_000_000_000
const SID = 'SMXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX'

/** Returns a request signed as Twilio documents it. */
const signed = (
  form: Record<string, string>,
  { url = RECEIPTS, token = TOKEN, signedUrl }: { url?: string; token?: string; signedUrl?: string } = {},
) => {
  const data = Object.keys(form)
    .sort()
    .reduce((text, name) => text + name + form[name], signedUrl ?? url)
  return {
    url,
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'x-twilio-signature': createHmac('sha1', token).update(data).digest('base64'),
    },
    body: Buffer.from(new URLSearchParams(form).toString()),
    now: NOW,
  } satisfies ReceiptRequest
}

const aboutMessage = (MessageStatus: string, more: Record<string, string> = {}) => ({
  SmsSid: SID,
  SmsStatus: MessageStatus,
  MessageStatus,
  To: '+15558675310',
  MessageSid: SID,
  AccountSid: ACCOUNT,
  From: '+15017122661',
  ApiVersion: '2010-04-01',
  ...more,
})

const reader = async () => (await createProvider(twilioProvider, bare)).readReceipt!

testReceipts(t, {
  definition: twilioProvider,
  settings: bare,
  otherSettings: { ...bare, TWILIO_AUTH_TOKEN: 'test.not-a-real-token-either' },
  genuine: ({ sendId, messageId, status, at }) => ({
    ...signed(aboutMessage(status, { MessageSid: messageId }), { url: RECEIPTS.replace(MESSAGE.sendId, sendId) }),
    now: at,
  }),
  signsTime: false,
  sign: (body, at) => ({
    ...signed(Object.fromEntries(new URLSearchParams(body.toString()))),
    body,
    now: at,
  }),
})

t.test('accepts the signature of the example in "Secure webhooks"', async (t) => {
  const { readReceipt } = await createProvider(twilioProvider, { ...bare, TWILIO_AUTH_TOKEN: '12345' })
  const body = 'Digits=1234&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309&CallSid=CA1234567890ABCDE'
  const read = (signature: string) =>
    readReceipt!({
      url: 'https://mycompany.com/myapp.php?foo=1&bar=2',
      headers: { 'x-twilio-signature': signature },
      body: Buffer.from(body),
      now: NOW,
    })
  t.same(read('RSOYDt4T1cUTdK1PDd93/VVr8B8='), { outcome: 'unreadable' }, 'genuine, but without a status')
  t.same(read('RSOYDt4T1cUTdK1PDd93/VVr8B9='), { outcome: 'forged' })
})

t.test('maps the status and the error of a receipt about a message', async (t) => {
  const read = await reader()
  const ids = { sendId: MESSAGE.sendId, messageId: SID }
  const statuses = {
    sent: 'sent',
    delivered: 'delivered',
    read: 'delivered',
    undelivered: 'undelivered',
    failed: 'failed',
    canceled: 'failed',
  }
  for (const [word, status] of Object.entries(statuses)) {
    t.same(read(signed(aboutMessage(word))), { outcome: 'read', receipts: [{ ...ids, status }] }, word)
  }
  for (const word of ['', 'accepted', 'scheduled', 'queued', 'sending', 'received', 'completed', 'toString']) {
    t.same(read(signed(aboutMessage(word))), { outcome: 'read', receipts: [] }, word)
  }
  t.same(read(signed(aboutMessage('undelivered', { ErrorCode: '30003', ErrorMessage: 'to +15558675310' }))), {
    outcome: 'read',
    receipts: [{ ...ids, status: 'undelivered', reason: '30003' }],
  })
  t.same(
    read(signed(aboutMessage('failed', { ErrorCode: 'to: +15558675310' }))),
    { outcome: 'read', receipts: [{ ...ids, status: 'failed' }] },
    'passes on only well-formed error codes',
  )
})

t.test('maps the status of a receipt about a call', async (t) => {
  const read = await reader()
  const call = (CallStatus: string) => signed({ CallSid: 'CA1', CallStatus, AccountSid: ACCOUNT, CallDuration: '9' })
  const ids = { sendId: MESSAGE.sendId, messageId: 'CA1' }
  t.same(read(call('completed')), { outcome: 'read', receipts: [{ ...ids, status: 'delivered' }] })
  const statuses = { busy: 'undelivered', 'no-answer': 'undelivered', failed: 'failed', canceled: 'failed' }
  for (const [word, status] of Object.entries(statuses)) {
    t.same(read(call(word)), { outcome: 'read', receipts: [{ ...ids, status, reason: word }] }, word)
  }
  for (const word of ['', 'queued', 'initiated', 'ringing', 'in-progress', 'sent']) {
    t.same(read(call(word)), { outcome: 'read', receipts: [] }, word)
  }
})

t.test('reads the send id and the message id where present', async (t) => {
  const read = await reader()
  for (const url of ['https://auth.example.com/webhooks/sms/twilio', RECEIPTS.replace(MESSAGE.sendId, 'x')]) {
    t.same(read(signed(aboutMessage('sent'), { url })), {
      outcome: 'read',
      receipts: [{ messageId: SID, status: 'sent' }],
    })
    t.same(read(signed({ MessageStatus: 'sent' }, { url })), { outcome: 'read', receipts: [] })
  }
  t.same(read(signed({ MessageStatus: 'sent' })), {
    outcome: 'read',
    receipts: [{ sendId: MESSAGE.sendId, status: 'sent' }],
  })
})

t.test('accepts a signature over the URL with or without its port', async (t) => {
  const read = await reader()
  const form = aboutMessage('delivered')
  for (const [url, signedUrl, outcome] of [
    ['https://a.example/r?x=1', 'https://a.example:443/r?x=1', 'read'],
    ['http://a.example/r?x=1', 'http://a.example:80/r?x=1', 'read'],
    ['https://a.example:8443/r?x=1', 'https://a.example:8443/r?x=1', 'read'],
    ['https://a.example:8443/r?x=1', 'https://a.example/r?x=1', 'read'],
    ['https://a.example/r?x=1', 'https://a.example:80/r?x=1', 'forged'],
    ['https://a.example/r?x=1', 'https://a.example/r?x=2', 'forged'],
    ['https://a.example/r?x=1', 'https://b.example/r?x=1', 'forged'],
    ['no address', 'no address', 'forged'],
  ] as const) {
    t.equal(read(signed(form, { url, signedUrl })).outcome, outcome, `${url} ${signedUrl}`)
  }
})

t.test('verifies a repeated parameter once for each distinct value', async (t) => {
  const read = await reader()
  const data = `${RECEIPTS}Medium1Medium2MessageStatussent`
  const request = {
    url: RECEIPTS,
    headers: { 'x-twilio-signature': createHmac('sha1', TOKEN).update(data).digest('base64') },
    body: Buffer.from('Medium=2&MessageStatus=sent&Medium=1&Medium=2'),
    now: NOW,
  }
  t.equal(read(request).outcome, 'read')
})

t.test('rejects as forged a receipt that Twilio did not sign', async (t) => {
  const read = await reader()
  const genuine = signed(aboutMessage('delivered'))
  const signature = genuine.headers['x-twilio-signature']
  const withSignature = (value: string | undefined) => ({ ...genuine, headers: { 'x-twilio-signature': value } })
  t.equal(read(genuine).outcome, 'read')
  for (const [request, because] of [
    [signed(aboutMessage('delivered'), { token: 'test.not-a-real-token-either' }), 'the key differs'],
    [{ ...genuine, body: Buffer.concat([genuine.body, Buffer.from('&a=b')]) }, 'a parameter was added'],
    [{ ...genuine, body: Buffer.alloc(0) }, 'the body is empty'],
    [{ ...genuine, url: RECEIPTS.replace('send_id=0', 'send_id=1') }, 'the URL belongs to another message'],
    [withSignature(undefined), 'the signature is missing'],
    [withSignature(''), 'the signature is empty'],
    [withSignature(signature.slice(1)), 'the signature is short'],
    [withSignature(`${signature}=`), 'the signature is long'],
    [withSignature('✓'.repeat(28)), 'the signature is garbage'],
  ] as const) {
    t.same(read(request), { outcome: 'forged' }, because)
  }
})

t.test('accepts a receipt of any age, because Twilio signs no time', async (t) => {
  const read = await reader()
  t.equal(read({ ...signed(aboutMessage('delivered')), now: NOW + 86_400_000 }).outcome, 'read')
})
