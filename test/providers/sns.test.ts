import { createHash, createHmac } from 'node:crypto'
import { registerHooks } from 'node:module'
import t from 'tap'
import { snsProvider } from '../../src/providers/sns/index.ts'
import {
  createProvider,
  type ProviderReply,
  type ProviderVoice,
  type ReceivedRequest,
  sendOverWire,
} from '../../testing/index.ts'
import { MESSAGE, testRealProvider } from '../contracts/provider.ts'

const SECRET = 'test.not-a-real-key'

const xml = (status: number, body: string): ProviderReply => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body,
})

const NAMESPACE = 'xmlns="http://sns.amazonaws.com/doc/2010-03-31/"'
const published = (id: string) =>
  `<PublishResponse ${NAMESPACE}><PublishResult><MessageId>${id}</MessageId></PublishResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></PublishResponse>`
const fault = (code: string, message: string) =>
  `<ErrorResponse ${NAMESPACE}><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`

const BAD_NUMBER = fault(
  'InvalidParameter',
  'Invalid parameter: PhoneNumber Reason: +18009998877 is not valid to publish to',
)

const voice: ProviderVoice = {
  accepted: () => xml(200, published('msg-1')),
  refused: () => xml(400, BAD_NUMBER),
  lie: ({ body }) => xml(200, fault('InternalError', `cannot publish ${body.replaceAll('&', ' ')}`)),
}

const settings = (url: string) => ({
  SNS_REGION: 'eu-central-1',
  SNS_ACCESS_KEY_ID: 'AKIDEXAMPLE00000',
  SNS_SECRET_ACCESS_KEY: SECRET,
  SNS_URL: url,
})

/** Returns the request without the date, the signature and the invocation id, which change with every call. */
const normalize = ({ method, path, headers, body }: ReceivedRequest) => {
  const { authorization, 'x-amz-date': date, 'amz-sdk-invocation-id': id, ...rest } = headers
  return { method, path, body, headers: rest, signed: [authorization, date, id].every(Boolean) }
}

testRealProvider(t, { definition: snsProvider, settings, secrets: [SECRET], voice, normalize: normalize })

const send = (answer: object, changes: object = {}) =>
  sendOverWire(snsProvider, { ...settings('https://sns.eu-central-1.amazonaws.com'), ...changes }, MESSAGE, answer)

t.test('sends the action Publish with the SMS type Transactional', async (t) => {
  const { requests, result } = await send(
    { body: published('94f20ce6-13c5-43a0-9a9e-ca52d816e90b') },
    { SNS_SENDER_ID: 'Example' },
  )
  t.same(result, { outcome: 'accepted', messageId: '94f20ce6-13c5-43a0-9a9e-ca52d816e90b' })
  t.equal(requests.length, 1)
  t.equal(requests[0]?.method, 'POST')
  t.equal(requests[0]?.url, 'https://sns.eu-central-1.amazonaws.com/')
  t.equal(requests[0]?.headers['content-type'], 'application/x-www-form-urlencoded')
  t.match(
    requests[0]?.headers['authorization'],
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE00000\/\d{8}\/eu-central-1\/sns\/aws4_request, SignedHeaders=[a-z0-9;-]+, Signature=[0-9a-f]{64}$/,
  )
  const form = [...new URLSearchParams(requests[0]?.body)]
  t.same(Object.fromEntries(form), {
    Action: 'Publish',
    Version: '2010-03-31',
    PhoneNumber: '+18009998877',
    Message: MESSAGE.text,
    'MessageAttributes.entry.1.Name': 'AWS.SNS.SMS.SMSType',
    'MessageAttributes.entry.1.Value.DataType': 'String',
    'MessageAttributes.entry.1.Value.StringValue': 'Transactional',
    'MessageAttributes.entry.2.Name': 'AWS.SNS.SMS.SenderID',
    'MessageAttributes.entry.2.Value.DataType': 'String',
    'MessageAttributes.entry.2.Value.StringValue': 'Example',
  })
})

t.test('encodes the fields byte for byte in UTF-8, as the query protocol of SNS requires', async (t) => {
  const { requests } = await sendOverWire(
    snsProvider,
    settings('https://sns.eu-central-1.amazonaws.com'),
    { ...MESSAGE, text: 'Код: "049281" & {to}\n+1' },
    { body: published('msg-1') },
  )
  // The SDK chooses the order of the fields.
  t.same(requests[0]?.body?.split('&').toSorted(), [
    'Action=Publish',
    'Message=%D0%9A%D0%BE%D0%B4%3A%20%22049281%22%20%26%20%7Bto%7D%0A%2B1',
    'MessageAttributes.entry.1.Name=AWS.SNS.SMS.SMSType',
    'MessageAttributes.entry.1.Value.DataType=String',
    'MessageAttributes.entry.1.Value.StringValue=Transactional',
    'PhoneNumber=%2B18009998877',
    'Version=2010-03-31',
  ])
})

t.test('sends the request that the SDK signed (Signature Version 4)', async (t) => {
  const { requests } = await send({ body: published('msg-1') })
  const { url, headers, body = '' } = requests[0]!
  const [, scope = '', names = '', signature] =
    /Credential=[^/]+\/(\S+), SignedHeaders=(\S+), Signature=(\w+)$/.exec(headers['authorization'] ?? '') ?? []
  // The wire itself writes `host` and `content-length`.
  const sent: Record<string, string> = {
    ...headers,
    host: new URL(url).host,
    'content-length': String(Buffer.byteLength(body)),
  }
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const lines = names.split(';').map((name) => `${name}:${sent[name]}\n`)
  const canonical = ['POST', '/', '', lines.join(''), names, sha256(body)].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n')
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${SECRET}`)
  t.equal(signature, hmac(key, toSign).toString('hex'))
})

t.test('uses the endpoint of the region, not the default of SNS_URL', async (t) => {
  const { requests } = await send({ body: published('x') }, { SNS_URL: 'https://sns.us-east-1.amazonaws.com' })
  t.equal(requests[0]?.url, 'https://sns.eu-central-1.amazonaws.com/')
})

t.test('maps each error code of SNS to an outcome', async (t) => {
  const cases: [status: number, body: string, headers: Record<string, string>, expected: object][] = [
    [400, BAD_NUMBER, {}, { outcome: 'refused', reason: 'HTTP 400, InvalidParameter' }],
    [400, fault('OptedOut', 'this one'), {}, { outcome: 'refused', reason: 'HTTP 400, OptedOut' }],
    [
      400,
      fault('InvalidParameter', 'Invalid parameter: MessageAttributes Reason: not allowed with PhoneNumber'),
      {},
      { outcome: 'failed', reason: 'HTTP 400, InvalidParameter' },
    ],
    [400, fault('Throttling', 'Rate exceeded'), { 'retry-after': '7' }, { outcome: 'failed', retryAfter: 7 }],
    [
      400,
      fault('ThrottlingException', 'Rate exceeded'),
      { 'retry-after': '7' },
      { outcome: 'failed', reason: 'HTTP 400, ThrottlingException', retryAfter: 7 },
    ],
    [429, fault('Throttled', 'slow down'), { 'retry-after': '7' }, { outcome: 'failed', retryAfter: 7 }],
    [
      403,
      fault('InvalidClientTokenId', 'The security token is invalid'),
      {},
      { outcome: 'failed', reason: 'HTTP 403, InvalidClientTokenId' },
    ],
    [
      403,
      fault('AuthorizationError', 'not allowed'),
      {},
      { outcome: 'failed', reason: 'HTTP 403, AuthorizationError' },
    ],
    [500, fault('InternalError', 'sorry'), {}, { outcome: 'failed', reason: 'HTTP 500, InternalError' }],
    [400, fault('+18009998877', 'odd'), {}, { outcome: 'failed', reason: 'HTTP 400' }],
    [400, '', {}, { outcome: 'failed', reason: 'HTTP 400' }],
    [400, '<a></b>', {}, { outcome: 'failed', reason: 'HTTP 400' }],
    [200, published(''), {}, { outcome: 'unknown' }],
    [200, '', {}, { outcome: 'unknown' }],
    [504, '<html>', {}, { outcome: 'unknown' }],
  ]
  for (const [status, body, headers, expected] of cases) {
    const { result } = await send({ status, body, headers: { 'content-type': 'text/xml', ...headers } })
    t.match(result, expected, `${status} ${body.slice(0, 200)}`)
  }
})

t.test('treats an unreadable success as unknown', async (t) => {
  const bodies = [
    ' ',
    'x',
    '<',
    '<a></b>',
    '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
    '<PublishResponse>',
    '<PublishResponse/>',
    '<PublishResponse><PublishResult/></PublishResponse>',
    '<PublishResponse><PublishResult>x</PublishResult></PublishResponse>',
    published('<a/>'),
    '{"MessageId":"msg-1"}',
    '\0',
    '<a>'.repeat(5_000),
  ]
  for (const body of bodies) {
    t.same(
      (await send({ body })).result,
      { outcome: 'unknown', reason: 'unreadable answer' },
      JSON.stringify(body.slice(0, 80)),
    )
  }
})

t.test('names the package to install when the SDK is missing', async (t) => {
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier === '@aws-sdk/client-sns') throw Object.assign(new Error('none'), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(specifier, context)
    },
  })
  t.teardown(() => hooks.deregister())
  await t.rejects(createProvider(snsProvider, settings('https://sns.eu-central-1.amazonaws.com')), {
    message: /install @aws-sdk\/client-sns/,
  })
})

t.test('refuses an access key without its secret', async (t) => {
  const { SNS_SECRET_ACCESS_KEY: _, ...half } = settings('https://sns.eu-central-1.amazonaws.com')
  await t.rejects(sendOverWire(snsProvider, half, MESSAGE), /set both, or neither/)
})
