import { execFile } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { Agent, fetch } from 'undici'
import type { CodeMessage, Provider, SendResult } from '../../src/core/delivery/ports.ts'
import { createExchange, type Transport, wire } from '../../src/http-client/client.ts'
import { loadExternal } from '../../src/providers/external.ts'
import type { ProviderDefinition, ProviderTools } from '../../src/providers/provider.ts'
import {
  type ContractCase,
  MESSAGE,
  type ProviderReply,
  type ProviderSubject,
  providerContract,
  type ReceiptSubject,
  receiptContract,
  sendOverWire,
} from '../../testing/index.ts'

const guide = readFileSync(new URL('../../docs/add-a-provider.md', import.meta.url), 'utf8')

/** The guide's files by name, as a reader copies them; `index.ts` belongs into a folder of the built-in providers. */
const { 'index.ts': builtIn = '', ...files } = Object.fromEntries(
  [...guide.matchAll(/^<!-- (\S+) -->\n```ts\n([\s\S]*?)^```$/gm)].map(([, name, text]) => [name!, text!]),
)
const providersFolder = new URL('../../src/providers/', import.meta.url)
const folder = t.testdir({ ...files, 'index.ts': builtIn.replaceAll("'../", `'${providersFolder}`) })
const load = (name: string) => import(pathToFileURL(`${folder}/${name}`).href)

const acme = (await load('acme-sms.ts')).provider as ProviderDefinition
const TOKEN = 'test.not-a-real-token'

const json = (status: number, body: unknown): ProviderReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

const subjectOf = (changes: Partial<ProviderDefinition>): ProviderSubject => ({
  definition: { ...acme, ...changes },
  settings: (url) => ({ ACME_TOKEN: TOKEN, ACME_URL: url }),
  secrets: [TOKEN],
  voice: {
    accepted: () => json(201, { id: 'msg-1' }),
    refused: () => json(422, { error: 'invalid_number' }),
    lie: ({ body }) => json(200, { error: 'no_credit', request: body }),
  },
})

/** Returns changes to Acme that replace its `send`. */
const sending = (
  replace: (send: Provider['send'], settings: Record<string, unknown>, tools: ProviderTools) => Provider['send'],
): Partial<ProviderDefinition> => ({
  create: async (settings, tools) => {
    const provider = await acme.create(settings, tools)
    return { ...provider, send: replace(provider.send, settings as Record<string, unknown>, tools) }
  },
})

/** Returns changes to Acme that replace its transport. */
const over = (transport: Transport): Partial<ProviderDefinition> => ({
  create: (settings, tools) => acme.create(settings, { ...tools, transport, exchange: createExchange(transport) }),
})

const changing = (change: (result: SendResult) => SendResult) =>
  sending((send) => async (message, signal) => change(await send(message, signal)))

/** Returns a transport like the real one, with these fetch options. */
const carry =
  (options: Parameters<typeof fetch>[1]): Transport =>
  async ({ method, url, headers, body }, signal) => {
    const response = await fetch(url, { method, headers, body: body ?? null, redirect: 'manual', signal, ...options })
    const reader = response.body?.getReader()
    const { value } = (await reader?.read()) ?? {}
    await reader?.cancel()
    return { status: response.status, headers: {}, body: Buffer.from(value ?? []).toString() }
  }

const anyCertificate = new Agent({ connect: { rejectUnauthorized: false } })

/** Returns the names of failed cases, without the provider's name. */
const brokenOf = async (cases: readonly ContractCase[]): Promise<string[]> => {
  const broken: string[] = []
  for (const { name, run } of cases) {
    await run().catch(() => broken.push(name.replace('acme ', '')))
  }
  return broken
}

t.test('contains every file that the guide mentions', async (t) => {
  t.same(Object.keys(files).sort(), [
    'acme-receipts.test.ts',
    'acme-receipts.ts',
    'acme-sms.test.ts',
    'acme-sms.ts',
    'acme-wire.test.ts',
  ])
  t.notMatch(files['acme-sms.ts'], /^import /m, 'the provider needs no import')
})

t.test('passes the contract with the guide’s provider', async (t) => {
  t.same(await brokenOf(providerContract(subjectOf({}))), [])
})

t.test('passes the contract with the guide’s built-in provider, which makes the same requests', async (t) => {
  const definition = (await load('index.ts')).acmeProvider as ProviderDefinition
  t.same(await brokenOf(providerContract({ ...subjectOf({}), definition })), [])
  const settings = { ACME_TOKEN: TOKEN, ACME_URL: 'https://api.acme.example' }
  const [ours, theirs] = await Promise.all([definition, acme].map((one) => sendOverWire(one, settings, MESSAGE)))
  t.same(ours?.requests, theirs?.requests)
  t.same(definition.probe?.(settings as never), {
    url: 'https://api.acme.example/account',
    headers: { authorization: `Bearer ${TOKEN}` },
  })
})

t.test('loads the guide’s provider by its file name', async (t) => {
  const { loaded, faults } = await loadExternal([`${folder}/acme-sms.ts`])
  t.same(faults, [])
  t.equal(loaded[0]?.name, 'acme')
})

t.test('passes the guide’s tests under node:test, which leave nothing open', async (t) => {
  const tests = Object.keys(files).filter((name) => name.endsWith('.test.ts'))
  const { NODE_OPTIONS: _, ...env } = process.env
  // Runs outside this test context, with a timeout that does not allow for open handles.
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap', ...tests], {
    cwd: folder,
    env,
    timeout: 30_000,
  })
  t.match(stdout, /^# fail 0$/m)
  const [, passed] = /^# pass (\d+)$/m.exec(stdout) ?? []
  t.ok(Number(passed) > 45, `${passed} cases`)
})

/** A case that waits one second. */
const SLOW = /however late/

const faults: [name: string, changes: Partial<ProviderDefinition>, broken: RegExp[]][] = [
  [
    'throws',
    sending((send) => async (message, signal) => {
      const result = await send(message, signal)
      if (result.outcome === 'failed') throw new Error('not sent')
      return result
    }),
    [
      /"failed" .* the API limits the rate/,
      /"failed" when the connection is refused/,
      /"failed" when its host does not/,
    ],
  ],
  [
    'retries by itself',
    sending((send) => async (message, signal) => {
      const result = await send(message, signal)
      return result.outcome === 'unknown' ? send(message, signal) : result
    }),
    [/"unknown" after one request when a gateway lost/, /"unknown" after one request when the connection breaks/],
  ],
  ['follows redirects', over(carry({ redirect: 'follow' })), [/to a redirect target/]],
  ['trusts every certificate', over(carry({ dispatcher: anyCertificate })), [/for an untrusted certificate/]],
  [
    'leaks its key in a reason',
    changing((result) => (result.outcome === 'failed' ? { ...result, reason: `HTTP 401 for ${TOKEN}` } : result)),
    [/the API rejects the credential/, /"failed" when the connection is refused/],
  ],
  [
    'leaks the number in a reason',
    sending((send) => async (message, signal) => {
      const result = await send(message, signal)
      return result.outcome === 'refused' ? { ...result, reason: `not reached: ${message.to}` } : result
    }),
    [/"refused" .* the API refuses the number/],
  ],
  [
    'prints the message',
    sending((send, _settings, { print }) => (message: CodeMessage, signal) => {
      print(message.text)
      return send(message, signal)
    }),
    [/never prints a message or a credential/],
  ],
  [
    'prints its key',
    sending((send, { ACME_TOKEN }) => (message, signal) => {
      process.stdout.write(`# ${ACME_TOKEN}\n`)
      return send(message, signal)
    }),
    [/never prints a message or a credential/],
  ],
  [
    'ignores the abort signal',
    sending((send) => (message) => send(message, new AbortController().signal)),
    [/at the signal .* the API is silent/, /API is dripping/, /sends nothing after the signal/],
  ],
  [
    'trusts every success',
    over(async (request, signal) => {
      const answer = await wire(request, signal)
      return answer.status === 200 ? { ...answer, body: '{"id":"msg-1"}' } : answer
    }),
    [/body an error/, /success cannot be parsed/, /success body never ends/],
  ],
  [
    'reports an unknown outcome as a failure',
    changing((result) => (result.outcome === 'unknown' ? { ...result, outcome: 'failed' } : result)),
    [/gateway timed out/, /cannot be parsed/, /breaks off/, /connection breaks/, /is silent/],
  ],
  [
    'drops the wait',
    changing((result) => (result.outcome === 'failed' ? { outcome: 'failed', reason: result.reason } : result)),
    [/returns Retry-After/],
  ],
  [
    'makes a new id for each attempt',
    sending((send) => (message, signal) => send({ ...message, sendId: randomUUID() }, signal)),
    [/sends the same request/, /includes the send id/],
  ],
  [
    'has another name',
    { create: async (...given) => ({ ...(await acme.create(...given)), name: 'acne' }) },
    [/has the name that/],
  ],
  [
    'has an undeclared channel',
    { create: async (...given) => ({ ...(await acme.create(...given)), channels: ['sms', 'voice'] }) },
    [/has only channels of its definition/],
  ],
  ['states no version', { document: { url: 'https://docs.acme.example/', version: '' } }, [/names its API document/]],
  [
    'declares its credential as a plain setting',
    {
      settings: {
        ...acme.settings,
        properties: { ...acme.settings.properties, ACME_TOKEN: { description: 'Token.', examples: ['…'] } },
      },
    },
    [/marks its credentials/],
  ],
]
for (const [name, changes, broken] of faults) {
  t.test(`rejects a provider that ${name}`, async (t) => {
    const cases = providerContract(subjectOf(changes)).filter(
      ({ name }) => !SLOW.test(name) || broken.some((sentence) => sentence.test(name)),
    )
    const failed = await brokenOf(cases)
    for (const sentence of broken)
      t.ok(
        failed.some((name) => sentence.test(name)),
        `${sentence}`,
      )
    t.ok(failed.length < 20, `most other cases pass: ${failed.length} fail`)
  })
}

const SECRET = 'test.not-a-real-secret'
const WORDS = { sent: 'sent', delivered: 'delivered', undelivered: 'undeliverable', failed: 'rejected' }
type Reader = NonNullable<Provider['readReceipt']>
const readerFor = (await load('acme-receipts.ts')).receiptReader as (secret: unknown) => Reader

const signReceipt: NonNullable<ReceiptSubject['sign']> = (body, at) => {
  const time = Math.floor(at / 1_000)
  const signature = createHmac('sha256', SECRET).update(`${time}.`).update(body).digest('hex')
  return {
    url: 'https://auth.example.com/webhooks/sms/acme',
    headers: { 'content-type': 'application/json', 'acme-signature': `t=${time},v1=${signature}` },
    body,
    now: at,
  }
}

const receiptSubject = (read: (genuine: Reader) => Reader = (genuine) => genuine): ReceiptSubject => ({
  definition: {
    ...acme,
    receipts: 'HMAC-SHA-256 over time and body',
    create: async (settings, tools) => ({
      ...(await acme.create(settings, tools)),
      readReceipt: read(readerFor((settings as Record<string, unknown>)['ACME_RECEIPT_SECRET'])),
    }),
  },
  settings: { ACME_TOKEN: TOKEN, ACME_URL: 'https://api.acme.example', ACME_RECEIPT_SECRET: SECRET },
  otherSettings: { ACME_TOKEN: TOKEN, ACME_URL: 'https://api.acme.example', ACME_RECEIPT_SECRET: 'test.another' },
  genuine: ({ sendId, messageId, status, at }) =>
    signReceipt(Buffer.from(JSON.stringify({ id: messageId, reference: sendId, status: WORDS[status] })), at),
  signsTime: true,
  sign: signReceipt,
})

t.test('passes the receipt contract with the guide’s receipts, including malformed signed bodies', async (t) => {
  t.same(await brokenOf(receiptContract(receiptSubject())), [])
})

const receiptFaults: [name: string, read: (genuine: Reader) => Reader, broken: RegExp[]][] = [
  [
    'checks no signature',
    () => (request) => readerFor(SECRET)(signReceipt(request.body, request.now)),
    [/one changed bit/, /without a signature/, /another secret/, /malformed signatures/, /more than five minutes/],
  ],
  [
    'ignores the time',
    (read) => (request) => read({ ...request, now: Date.UTC(2026, 0, 2, 3, 4, 5) }),
    [/more than five minutes/],
  ],
  [
    'throws on an unreadable body',
    (read) => (request) => {
      JSON.parse(request.body.toString())
      return read(request)
    },
    [/from a malformed body/],
  ],
  [
    'confuses messages',
    (read) => (request) => {
      const reading = read(request)
      if (reading.outcome !== 'read') return reading
      return { outcome: 'read', receipts: reading.receipts.map((receipt) => ({ ...receipt, sendId: randomUUID() })) }
    },
    [/status "sent"/, /status "delivered"/, /status "undelivered"/, /status "failed"/],
  ],
]
for (const [name, read, broken] of receiptFaults) {
  t.test(`rejects a receipt reader that ${name}`, async (t) => {
    const failed = await brokenOf(receiptContract(receiptSubject(read)))
    for (const sentence of broken)
      t.ok(
        failed.some((name) => sentence.test(name)),
        `${sentence}`,
      )
  })
}
