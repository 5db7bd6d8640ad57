import t from 'tap'
import { snsProvider } from '../../src/providers/sns.ts'
import { type CompanyReply, type CompanyVoice, type ReceivedRequest, sendOverWire } from '../../testing/index.ts'
import { MESSAGE, testRealProvider } from '../contracts/provider.ts'

const SECRET = 'test.not-a-real-key'

const xml = (status: number, body: string): CompanyReply => ({
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

const voice: CompanyVoice = {
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

/** The date, the signature over it and the id of the try are new each time. */
const normalise = ({ method, path, headers, body }: ReceivedRequest) => {
  const { authorization, 'x-amz-date': date, 'amz-sdk-invocation-id': id, ...rest } = headers
  return { method, path, body, headers: rest, signed: [authorization, date, id].every(Boolean) }
}

testRealProvider(t, { definition: snsProvider, settings, secrets: [SECRET], voice, normalise })

const send = (answer: object, changes: object = {}) =>
  sendOverWire(snsProvider, { ...settings('https://sns.eu-central-1.amazonaws.com'), ...changes }, MESSAGE, answer)

t.test('the request is the action Publish, with the message as one that matters', async (t) => {
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

t.test('the endpoint is that of the region unless an address is set', async (t) => {
  const { requests } = await send({ body: published('x') }, { SNS_URL: 'https://sns.us-east-1.amazonaws.com' })
  t.equal(requests[0]?.url, 'https://sns.eu-central-1.amazonaws.com/')
})

t.test('what SNS answers is told apart by its code', async (t) => {
  const cases: [status: number, body: string, headers: Record<string, string>, expected: object][] = [
    [400, BAD_NUMBER, {}, { outcome: 'refused', reason: /^HTTP 400, InvalidParameter/ }],
    [
      400,
      fault('InvalidParameter', 'Invalid parameter: MessageAttributes'),
      {},
      { outcome: 'failed', reason: 'HTTP 400' },
    ],
    [400, fault('Throttling', 'Rate exceeded'), { 'retry-after': '7' }, { outcome: 'failed' }],
    [429, fault('Throttled', 'slow down'), { 'retry-after': '7' }, { outcome: 'failed', retryAfter: 7 }],
    [403, fault('InvalidClientTokenId', 'The security token is invalid'), {}, { outcome: 'failed' }],
    [403, fault('AuthorizationError', 'not allowed'), {}, { outcome: 'failed' }],
    [500, fault('InternalError', 'sorry'), {}, { outcome: 'failed' }],
    [200, published(''), {}, { outcome: 'unknown' }],
    [200, '', {}, { outcome: 'unknown' }],
    [504, '<html>', {}, { outcome: 'unknown' }],
  ]
  for (const [status, body, headers, expected] of cases) {
    const { result } = await send({ status, body, headers: { 'content-type': 'text/xml', ...headers } })
    t.match(result, expected, `${status} ${body.slice(0, 200)}`)
  }
})

t.test('half of a pair of credentials is refused', async (t) => {
  const { SNS_SECRET_ACCESS_KEY: _, ...half } = settings('https://sns.eu-central-1.amazonaws.com')
  await t.rejects(sendOverWire(snsProvider, half, MESSAGE), /set both, or neither/)
})
