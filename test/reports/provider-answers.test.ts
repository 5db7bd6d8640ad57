import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import { createBreachRange } from '../../src/passwords/breach-range.ts'
import { providers } from '../../src/providers/index.ts'
import { createProvider, sendOverWire } from '../../testing/index.ts'
import { MESSAGE } from '../contracts/provider.ts'

/** Returns the settings of each real provider for the given URL. */
const SETTINGS: Record<string, (url: string) => Record<string, unknown>> = {
  crondock: (url) => ({ CRONDOCK_API_KEY: 'test', CRONDOCK_URL: url }),
  twilio: (url) => ({
    TWILIO_ACCOUNT_SID: `AC${'X'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'test',
    TWILIO_FROM: '+15017122661',
    TWILIO_URL: url,
  }),
  vonage: (url) => ({ VONAGE_API_KEY: 'test', VONAGE_API_SECRET: 'test', VONAGE_FROM: 'Example', VONAGE_URL: url }),
  messagebird: (url) => ({ MESSAGEBIRD_ACCESS_KEY: 'test', MESSAGEBIRD_FROM: 'Example', MESSAGEBIRD_URL: url }),
  plivo: (url) => ({
    PLIVO_AUTH_ID: 'MAXXXXXXXXXXXXXXXXXX',
    PLIVO_AUTH_TOKEN: 'test',
    PLIVO_FROM: '+14155550001',
    PLIVO_URL: url,
  }),
  telnyx: (url) => ({ TELNYX_API_KEY: 'test', TELNYX_FROM: '+13125550001', TELNYX_URL: url }),
  infobip: (url) => ({ INFOBIP_API_KEY: 'test', INFOBIP_FROM: 'Example', INFOBIP_URL: url }),
  sns: (url) => ({
    SNS_REGION: 'eu-central-1',
    SNS_ACCESS_KEY_ID: 'AKIDEXAMPLE00000',
    SNS_SECRET_ACCESS_KEY: 'test',
    SNS_URL: url,
  }),
  webhook: (url) => ({
    WEBHOOK_URL: url,
    WEBHOOK_METHOD: 'POST',
    WEBHOOK_FORMAT: 'json',
    WEBHOOK_BODY: '{"to":"{to}","text":"{text}"}',
    WEBHOOK_MESSAGE_ID: '/id',
    WEBHOOK_STATUSES: [],
  }),
}

const REAL = providers.filter(({ real }) => real)

/** Undocumented JSON, and responses of proxies and captive portals. */
const WRONG = [
  '[]',
  '[[]]',
  '[null]',
  'null',
  'true',
  '0',
  '""',
  '"sent"',
  '',
  ' ',
  '{"id":',
  '{"messages":[{"status":',
  '<!doctype html><title>Sign in to this network</title>',
  '\uFEFF[]',
]

t.test('tests each real provider', async (t) => {
  t.strictSame(REAL.map(({ name }) => name).sort(), Object.keys(SETTINGS).sort())
})

t.test('treats a malformed success as failed or unknown, never as accepted or refused', async (t) => {
  for (const definition of REAL) {
    // A gateway without a described response accepts any non-empty list.
    const bodies = definition.name === 'webhook' ? WRONG.filter((body) => !/^\[.+\]$/.test(body)) : WRONG
    for (const status of [200, 201, 202]) {
      for (const body of bodies) {
        const settings = SETTINGS[definition.name]!('https://sms.example.com')
        const { result } = await sendOverWire(definition, settings, MESSAGE, { status, body })
        t.ok(['failed', 'unknown'].includes(result.outcome), `${definition.name} ${status} ${body}: ${result.outcome}`)
      }
    }
  }
})

/** Starts a server that closes each connection at its first byte. */
const startDropping = (t: Test) =>
  new Promise<number>((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.destroy())
    }).listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
    t.teardown(() => server.close())
  })

t.test('reports a message as failed if it was not sent, and as unknown if it may have been', async (t) => {
  const port = await startDropping(t)
  for (const [url, outcome, because] of [
    ['http://127.0.0.1:1', 'failed', 'a port that fetch blocks'],
    ['http://127.0.0.1:6000', 'failed', 'another port that fetch blocks'],
    [`https://127.0.0.1:${port}`, 'failed', 'the connection ended during the TLS handshake'],
    ['http://255.255.255.255', 'failed', 'the address is not reachable'],
    [`http://127.0.0.1:${port}`, 'unknown', 'the request had arrived before the connection ended'],
  ] as const) {
    for (const definition of REAL) {
      const provider = await createProvider(definition, SETTINGS[definition.name]!(url))
      const result = await provider.send(MESSAGE, AbortSignal.timeout(3_000))
      t.match(result, { outcome }, `${definition.name}: ${because}`)
    }
  }
})

t.test('rejects a page in place of a range of breached passwords', async (t) => {
  const { createServer: createHttp } = await import('node:http')
  let body = ''
  let elapsed = 0
  const server = createHttp((_request, response) => response.end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const isBreached = createBreachRange(`http://127.0.0.1:${(server.address() as { port: number }).port}`, {
    elapsed: () => elapsed,
  })
  for (body of ['<!doctype html><title>Sign in</title>', '{}', '[]', '']) {
    await t.rejects(isBreached('a password'), body)
    elapsed += 3_000
  }
  body = `${'0'.repeat(35)}:0\r\n`
  t.equal(await isBreached('a password'), false)
})
