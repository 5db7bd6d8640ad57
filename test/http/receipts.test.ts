import { createHmac } from 'node:crypto'
import t, { type Test } from 'tap'
import type { Receipt, ReceiptReading, ReceiptRequest } from '../../src/core/delivery/ports.ts'
import { createWorld, type TestProvider } from '../support/app.ts'

const KEY = 'test.not-a-real-key'
const sign = (body: string) => createHmac('sha256', KEY).update(body).digest('hex')

/** Creates a provider whose receipts are JSON with a signature in a header. */
const createReceiptProvider = () => {
  const seen: ReceiptRequest[] = []
  const provider: TestProvider = {
    name: 'acme',
    send: async () => ({ outcome: 'accepted', messageId: 'msg-1' }),
    readReceipt: (request): ReceiptReading => {
      seen.push(request)
      const body = request.body.toString()
      if (request.headers['x-signature'] !== sign(body)) return { outcome: 'forged' }
      if (body === 'old') return { outcome: 'stale' }
      if (body === 'garbage') return { outcome: 'unreadable' }
      return { outcome: 'read', receipts: JSON.parse(body) as Receipt[] }
    },
  }
  return { provider, seen }
}

const start = async (t: Test) => {
  const { provider, seen } = createReceiptProvider()
  const world = await createWorld(t, { provider })
  await world.addUser('alice')
  const { pending_token: token } = (await world.login('alice')).body
  const report = (body: string, headers: Record<string, string> = {}, path = '/webhooks/sms/acme') =>
    world.send({
      method: 'POST',
      url: path,
      payload: body,
      headers: { 'content-type': 'application/json', 'x-signature': sign(body), ...headers },
    })
  const status = async () => (await world.get('/challenge', token)).body.delivery.status
  const reportStatus = (status: string, ids: object = { sendId: world.messages[0]!.sendId }) =>
    report(JSON.stringify([{ ...ids, status }]))
  await world.ledger.drain()
  return { world, seen, report, reportStatus, status }
}

t.test('updates the delivery status by the send id or by the message id of the provider', async (t) => {
  const { reportStatus, status } = await start(t)
  t.equal(await status(), 'sent')
  const answer = await reportStatus('delivered')
  t.match(answer, { status: 204, body: '' })
  t.equal(await status(), 'delivered')
  const other = await start(t)
  await other.reportStatus('undelivered', { messageId: 'msg-1' })
  t.equal(await other.status(), 'undelivered')
})

t.test('answers reordered and replayed receipts alike and never reverts a status', async (t) => {
  const { reportStatus, status } = await start(t)
  for (const reported of ['delivered', 'sent', 'delivered', 'failed', 'undelivered']) {
    t.match(await reportStatus(reported), { status: 204, body: '' })
    t.equal(await status(), 'delivered')
  }
})

t.test('refuses forged and stale receipts without writing', async (t) => {
  const { world, report, status } = await start(t)
  const body = JSON.stringify([{ sendId: world.messages[0]!.sendId, status: 'delivered' }])
  for (const signature of ['', 'x', sign(`${body} `), sign(body).toUpperCase()]) {
    t.match(await report(body, { 'x-signature': signature }), { status: 403, body: { code: 'forbidden' } })
  }
  t.match(await report('old'), { status: 403, body: { code: 'forbidden' } })
  t.equal(await status(), 'sent')
})

t.test('answers receipts with unknown and known ids identically', async (t) => {
  const { report, reportStatus } = await start(t)
  const known = await reportStatus('delivered')
  const unknown = await reportStatus('delivered', { sendId: '0f0e0d0c-0b0a-4908-8706-050403020100' })
  const { 'x-request-id': one, date: _, ...left } = known.headers
  const { 'x-request-id': two, date: __, ...right } = unknown.headers
  t.strictSame({ status: known.status, body: known.body, headers: left }, { status: 204, body: '', headers: right })
  t.not(one, two)
  t.match(await report('garbage'), { status: 204 }, 'signed, but malformed')
  t.match(await report('[]'), { status: 204 })
})

t.test('passes the raw body, URL and headers to the reader of the provider', async (t) => {
  const { seen, report } = await start(t)
  const form = 'MessageSid=SM1&Body=%C3%A9+%2B&a=1&a=2'
  await report(
    form,
    { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' },
    '/webhooks/sms/acme?send_id=a%20b&x=1',
  )
  t.match(seen.at(-1), {
    url: 'https://auth.example.com/webhooks/sms/acme?send_id=a%20b&x=1',
    headers: { 'x-signature': sign(form) },
  })
  t.equal(seen.at(-1)?.body.toString(), form)
  await report('{ "not" : json', { 'content-type': 'application/json' })
  t.equal(seen.at(-1)?.body.toString(), '{ "not" : json')
})

t.test('returns 404 for providers that are not configured or send no receipts', async (t) => {
  const { report } = await start(t)
  for (const name of ['twilio', 'constructor', '__proto__', 'ACME']) {
    t.match(await report('[]', {}, `/webhooks/sms/${name}`), { status: 404, body: { code: 'not_found' } }, name)
  }
  const silent = await createWorld(t)
  t.match(await silent.send({ method: 'POST', url: '/webhooks/sms/test', payload: 'x' }), { status: 404 })
})

t.test('refuses a receipt that is too large before it is read', async (t) => {
  const { seen, report } = await start(t)
  t.match(await report('x'.repeat(65_537)), { status: 413, body: { code: 'payload_too_large' } })
  t.equal(seen.length, 0)
})

t.test('does not count receipts towards the general limit', async (t) => {
  const { provider } = createReceiptProvider()
  const world = await createWorld(t, { provider, app: { http: { rateLimit: true } } })
  const post = () =>
    world.app.inject({
      method: 'POST',
      url: '/webhooks/sms/acme',
      payload: '[]',
      headers: { 'x-signature': sign('[]') },
    })
  const answers = await Promise.all(Array.from({ length: 400 }, post))
  t.ok(answers.every(({ statusCode }) => statusCode === 204))
})
