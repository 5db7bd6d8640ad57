import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { Type } from 'typebox'
import { type ApiDefinition, defineProvider } from '../../src/providers/define-provider.ts'
import { createReceiptReader } from '../../src/providers/receipts.ts'
import { urlSetting } from '../../src/providers/settings.ts'
import { vonageProvider } from '../../src/providers/vonage/index.ts'
import { createProvider, MESSAGE, sendOverWire, toolsFor } from '../../testing/index.ts'

const settingsSchema = Type.Object({
  ACME_URL: urlSetting('https://api.acme.example', 'Base address.'),
  ACME_VOICE_FROM: Type.Optional(Type.String()),
  ACME_RECEIPT_SECRET: Type.Optional(Type.String()),
})

const definition: ApiDefinition<typeof settingsSchema> = {
  name: 'acme',
  real: true,
  channels: ['sms', 'voice'],
  settings: settingsSchema,
  api: ({ ACME_URL: url }) => ({ url, authorization: 'Bearer test' }),
  probe: () => '/me',
  requests: ({ ACME_VOICE_FROM: caller }, { receiptsUrl }) => ({
    voice: caller && (() => ({ path: '/calls', headers: { authorization: 'Bearer other' }, json: { from: caller } })),
    sms: ({ text }) => ({ path: '/messages', json: { text, callback: receiptsUrl } }),
  }),
  interpret: (body, { status }, { to }) => ({ outcome: 'failed', reason: `${status} ${Object.keys(body)} ${to}` }),
  readReceipt: ({ ACME_RECEIPT_SECRET: secret }) =>
    secret ? createReceiptReader({ verify: () => true, read: () => [] }) : undefined,
}
const acme = defineProvider(definition)
const URL_SETTING = { ACME_URL: 'https://api.acme.example/' }

t.test('sends a request to its path below the base address, with the credentials', async (t) => {
  const { requests } = await sendOverWire(acme, URL_SETTING, { ...MESSAGE, text: 'Hi' })
  t.same(requests, [
    {
      method: 'POST',
      url: 'https://api.acme.example/messages',
      headers: { 'content-type': 'application/json', accept: 'application/json', authorization: 'Bearer test' },
      body: '{"text":"Hi"}',
    },
  ])
})

t.test('lets a request override the default credentials', async (t) => {
  const settings = { ...URL_SETTING, ACME_VOICE_FROM: '+18005550100' }
  const { requests } = await sendOverWire(acme, settings, { ...MESSAGE, channel: 'voice' })
  t.equal(requests[0]?.headers['authorization'], 'Bearer other')
})

t.test('offers the channels that have a request, in the standard order', async (t) => {
  t.same((await createProvider(acme, URL_SETTING)).channels, ['sms'])
  const voiced = await createProvider(acme, { ...URL_SETTING, ACME_VOICE_FROM: '+18005550100' })
  t.same(voiced.channels, ['sms', 'voice'])
})

t.test('fails a message of an unsupported channel without sending a request', async (t) => {
  const { requests, result } = await sendOverWire(acme, URL_SETTING, { ...MESSAGE, channel: 'voice' })
  t.same(result, { outcome: 'failed', reason: 'no such channel' })
  t.same(requests, [])
})

t.test('interprets a JSON object with the message, and any other body as an empty object', async (t) => {
  const judge = async (body: string) =>
    (await sendOverWire(acme, URL_SETTING, MESSAGE, { status: 400, body })).result as { reason: string }
  t.equal((await judge('{"error":1}')).reason, `400 error ${MESSAGE.to}`)
  for (const body of ['', '[]', '"error"', 'null']) t.equal((await judge(body)).reason, `400  ${MESSAGE.to}`, body)
})

t.test('requests receipts only if the provider can read them', async (t) => {
  const secret = { ...URL_SETTING, ACME_RECEIPT_SECRET: 'test' }
  const bodyOf = async (settings: Record<string, unknown>) =>
    JSON.parse((await sendOverWire(acme, settings, MESSAGE)).requests[0]?.body ?? '')
  t.equal((await bodyOf(secret)).callback, 'https://auth.example.com/webhooks/sms/acme')
  t.equal((await bodyOf(URL_SETTING)).callback, undefined)
  t.type((await createProvider(acme, secret)).readReceipt, 'function')
  t.notOk('readReceipt' in (await createProvider(acme, URL_SETTING)))
})

t.test('probes with the base address and credentials of the requests', async (t) => {
  t.same(acme.probe?.(URL_SETTING as never), {
    url: 'https://api.acme.example/me',
    headers: { authorization: 'Bearer test' },
  })
  const { probe: _, ...withoutProbe } = definition
  t.notOk('probe' in defineProvider(withoutProbe))
})

t.test('returns a definition with its own create unchanged', async (t) => {
  const own = { name: 'acme', real: true, channels: [], settings: settingsSchema, create: () => t.fail() as never }
  t.equal(defineProvider(own), own)
})

t.test('takes the time in a token from the injected clock', async (t) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const settings = {
    VONAGE_API_KEY: 'key',
    VONAGE_API_SECRET: 'test.not-a-real-secret',
    VONAGE_FROM: 'Example',
    VONAGE_APPLICATION_ID: '00000000-0000-4000-8000-000000000000',
    VONAGE_PRIVATE_KEY: privateKey.export({ format: 'pem', type: 'pkcs1' }).toString(),
    VONAGE_VOICE_FROM: '+14155550100',
    VONAGE_URL: 'https://api.nexmo.com',
  }
  const now = () => Date.UTC(2030, 0, 2, 3, 4, 5, 678)
  const { requests } = await sendOverWire(vonageProvider, settings, { ...MESSAGE, channel: 'voice' }, {}, { now })
  const [, claims = ''] = requests[0]?.headers['authorization']?.split('.') ?? []
  const { iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString())
  t.same([iat, exp], [Date.UTC(2030, 0, 2, 3, 4, 5) / 1_000, Date.UTC(2030, 0, 2, 3, 9, 5) / 1_000])
  t.ok(Math.abs(toolsFor('acme').now() - Date.now()) < 1_000, 'the test tools use the system clock by default')
})
