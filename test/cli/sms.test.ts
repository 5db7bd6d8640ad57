import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { hashPhone } from '../../src/core/delivery/phone.ts'
import { deriveSecrets } from '../../src/keys/secrets.ts'
import { startFakeProvider } from '../../testing/index.ts'
import { createWorld } from '../support/app.ts'
import { runHere } from './tool.ts'

const SECRET = 'only for tests: not a secret at all'
const PHONE = '+12025550143'

/** Creates two users with sends in the ledger, and runs the tool on their database. */
const setUp = async (t: Test) => {
  const world = await createWorld(t)
  await world.addUser('alice', PHONE)
  await world.addUser('bob', '+12025550144')
  const tool = (...args: string[]) => runHere(args, { env: { DATABASE_URL: world.url, SECRET } })
  return { world, tool }
}

t.test('lists what happened to messages of a number or a challenge', async (t) => {
  const { world, tool } = await setUp(t)
  await world.login('alice')
  await world.login('bob')
  await world.passTime(30)
  await world.login('alice')
  await world.ledger.drain()
  await world.ledger.receive('test', { sendId: world.messages[0]!.sendId, status: 'undelivered', reason: '30005' })

  const { stdout, stderr, code } = await tool('sms', 'show', '+1 (202) 555-0143')
  t.strictSame({ code, stderr }, { code: 0, stderr: '' })
  const [head, first, second, ...none] = stdout.trimEnd().split('\n')
  t.match(head, /^TIME +USER +CHALLENGE +CHANNEL +PROVIDER +STATUS +RECEIPT +TOOK +COST +MESSAGE ID +REASON$/)
  t.match(first, /Z +alice +[0-9a-f-]{36} +sms +test +undelivered +\S+Z +\d+ ms +0\.0083 +[0-9a-f-]{36} +30005$/)
  t.match(second, /alice .* sent +- +\d+ ms .* -$/)
  t.same(none, [])
  t.notMatch(stdout, /2025550143/)

  const [, challengeId] = /alice +(\S+)/.exec(second!)!
  const ofChallenge = (await tool('sms', 'show', challengeId!)).stdout.trimEnd().split('\n')
  t.equal(ofChallenge.length, 2)
  t.match(ofChallenge[1], /alice .* sent /)
})

t.test('finds a number by the hash of the former secret', async (t) => {
  const { world } = await setUp(t)
  await world.login('alice')
  const former = deriveSecrets('the former secret, also not a secret')
  await world.sql('update sends set phone_hash = $1', [hashPhone(former.phoneKey, PHONE)])
  const env = { DATABASE_URL: world.url, SECRET }
  t.equal((await runHere(['sms', 'show', PHONE], { env })).stdout, 'No messages were sent.\n')
  const both = { ...env, SECRET_PREVIOUS: 'the former secret, also not a secret' }
  t.match((await runHere(['sms', 'show', PHONE], { env: both })).stdout, /alice/)
})

t.test('answers for a number without sends, and for an invalid number', async (t) => {
  const { tool } = await setUp(t)
  t.equal((await tool('sms', 'show', randomUUID())).stdout, 'No messages were sent.\n')
  t.match(await tool('sms', 'show', '12'), { code: 1, stderr: /^The phone number does not start with a country code/ })
  t.match(await tool('sms', 'show'), { code: 2, stderr: /"sms show" needs one challenge id or phone number/ })
  t.match(await tool('sms', 'lose'), { code: 2, stderr: /Choose a subcommand for messages: show, test/ })
})

const KEY = 'test.not-a-real-key'
const json = (body: unknown) => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

t.test('sends through each provider in turn, and prints each outcome', async (t) => {
  const provider = await startFakeProvider({
    accepted: () => json({ id: 'msg-1' }),
    refused: () => json({ error: 'x' }),
    lie: () => json({ error: 'x' }),
  })
  t.teardown(() => provider.close())
  const env = {
    SMS_PROVIDERS: 'outbox,crondock',
    SMS_COUNTRIES: 'US',
    CRONDOCK_API_KEY: KEY,
    CRONDOCK_URL: provider.url,
  }
  const { code, stdout, stderr } = await runHere(['sms', 'test', PHONE], { env })
  t.strictSame({ code, stderr }, { code: 0, stderr: '' })
  t.match(
    stdout,
    /^PROVIDER +OUTCOME +MESSAGE ID +TIME +REASON\noutbox +accepted +- +\d+ ms +-\ncrondock +accepted +msg-1 +\d+ ms +-\n$/,
  )
  t.equal(provider.requests.length, 1)

  provider.mode = 'failing'
  t.match((await runHere(['sms', 'test', PHONE], { env })).stdout, /crondock +failed +- +\d+ ms +HTTP 500\n/)

  const before = provider.requests.length
  const dry = await runHere(['sms', 'test', PHONE, '--dry-run'], { env })
  t.match(
    dry.stdout,
    /# crondock\nPOST http.*\/run\/sms\/\n[\s\S]*authorization: Api-Key \*\*\*\n[\s\S]*"to_phone":"12025550143"/,
  )
  t.notMatch(dry.stdout, KEY)
  t.equal(provider.requests.length, before, 'a dry run sends nothing')

  t.match(await runHere(['sms', 'test', '+44 20 7946 0958'], { env }), {
    code: 1,
    stderr: /is in GB, which SMS_COUNTRIES does not list/,
  })
  t.match(await runHere(['sms', 'test', PHONE, '--channel', 'fax'], { env }), {
    code: 2,
    stderr: /--channel must be one of sms, voice, whatsapp/,
  })
  const smsOnly = { ...env, SMS_PROVIDERS: 'crondock' }
  t.match(await runHere(['sms', 'test', PHONE, '--channel', 'voice'], { env: smsOnly }), {
    code: 1,
    stderr: 'No provider in SMS_PROVIDERS has the channel "voice".\n',
  })
  t.match(await runHere(['sms', 'test', PHONE], { env: { SMS_PROVIDERS: 'nobody' } }), {
    code: 1,
    stderr: /SMS_PROVIDERS names the unknown provider "nobody"/,
  })
})
