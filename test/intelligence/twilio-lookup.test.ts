import { performance } from 'node:perf_hooks'
import t from 'tap'
import { numberIntelligence } from '../../src/guard/number-intelligence/index.ts'
import { createTwilioLookup, twilioLookup } from '../../src/guard/number-intelligence/twilio-lookup.ts'
import { wire } from '../../src/http-client/client.ts'
import { type ProviderMode, type ProviderReply, startFakeProvider } from '../../testing/index.ts'
import { assertExplained } from '../contracts/explained-settings.ts'

const ACCOUNT = `AC${'0'.repeat(32)}`
const TOKEN = 'test.not-a-real-token'
const PHONE = '+447772000001'

const json = (body: unknown, status = 200): ProviderReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

/** A response from Twilio’s documentation with this part about the SIM. */
const lookup = (simSwap: unknown) =>
  json({
    calling_country_code: '44',
    country_code: 'GB',
    phone_number: PHONE,
    national_format: '07772 000001',
    valid: true,
    validation_errors: null,
    sim_swap: simSwap,
    url: `https://lookups.twilio.com/v2/PhoneNumbers/${PHONE}`,
  })

const swapped = (swappedInPeriod: unknown, changes: object = {}) => ({
  last_sim_swap: {
    last_sim_swap_date: '2020-11-05T20:52:09Z',
    swapped_period: 'PT24H',
    swapped_in_period: swappedInPeriod,
  },
  carrier_name: 'Vodafone UK',
  mobile_country_code: '276',
  mobile_network_code: '02',
  error_code: null,
  ...changes,
})

/** Starts a fake Twilio that responds with `answer`, and the source that calls it. */
const open = async (answer: () => ProviderReply = () => lookup(swapped(true)), mode: ProviderMode = 'accepting') => {
  const twilio = await startFakeProvider({ accepted: answer, refused: answer, lie: answer }, mode)
  const url = new URL(twilio.url).origin
  const source = twilioLookup.create(
    { TWILIO_LOOKUP_ACCOUNT_SID: ACCOUNT, TWILIO_LOOKUP_AUTH_TOKEN: TOKEN, TWILIO_LOOKUP_URL: url },
    { transport: wire },
  )
  return { twilio, url, source, assess: () => source.assess(PHONE) }
}

t.test('every source describes its settings, which carry its name, and hides its secrets', async (t) => {
  for (const { name, document, settings } of numberIntelligence) {
    t.match(document?.url, /^https:\/\//)
    assertExplained(t, { name, settings }, /_TOKEN$/)
  }
})

t.test('sends the request of Twilio’s documentation', async (t) => {
  const { twilio, url, source, assess } = await open()
  t.teardown(twilio.close)
  t.equal(source.name, 'twilio-lookup')
  t.equal(await assess(), 'high')
  t.match(twilio.requests, [
    {
      method: 'GET',
      path: '/v2/PhoneNumbers/%2B447772000001?Fields=sim_swap',
      headers: {
        authorization: `Basic ${Buffer.from(`${ACCOUNT}:${TOKEN}`).toString('base64')}`,
        accept: 'application/json',
      },
      body: '',
    },
  ])
  const slashed = createTwilioLookup({ transport: wire, account: ACCOUNT, token: TOKEN, url: `${url}/` })
  t.equal(await slashed.assess('+1/../../x?y#z'), 'high')
  t.equal(twilio.requests[1]?.path, '/v2/PhoneNumbers/%2B1%2F..%2F..%2Fx%3Fy%23z?Fields=sim_swap')
  t.match(twilioLookup.settings.properties['TWILIO_LOOKUP_URL'], { default: 'https://lookups.twilio.com' })
})

t.test('a recent SIM swap is high, none is low, and any other response is unknown', async (t) => {
  let reply = lookup(null)
  const { twilio, assess } = await open(() => reply)
  t.teardown(twilio.close)
  const noDate = { last_sim_swap_date: null, swapped_period: 'PT48H', swapped_in_period: false }
  const answers: [expected: string, reply: ProviderReply][] = [
    ['high', lookup(swapped(true))],
    ['low', lookup(swapped(false))],
    ['low', lookup(swapped(false, { last_sim_swap: noDate }))],
    ['low', lookup(swapped(false, { carrier_name: null, mobile_country_code: null, mobile_network_code: null }))],
    ['high', lookup({ last_sim_swap: { swapped_in_period: true } })],
    ['unknown', lookup(null)],
    ['unknown', lookup(undefined)],
    ['unknown', lookup('yes')],
    ['unknown', lookup(swapped(null))],
    ['unknown', lookup(swapped('true'))],
    ['unknown', lookup(swapped(1))],
    ['unknown', lookup(swapped(true, { last_sim_swap: null }))],
    ['unknown', lookup(swapped(null, { error_code: 60620 }))],
    ['unknown', lookup(swapped(true, { error_code: 60620 }))],
    ['unknown', lookup(swapped(false, { error_code: 60606 }))],
    ...[201, 400, 401, 403, 404, 429, 500, 503].map((status): [string, ProviderReply] => [
      'unknown',
      json({ code: 20003, sim_swap: swapped(true) }, status),
    ]),
    ...['', '{', 'null', '[]', 'true'].map((body): [string, ProviderReply] => ['unknown', { status: 200, body }]),
  ]
  for (const [expected, next] of answers) {
    reply = next
    t.equal(await assess(), expected, `${next.status} ${next.body}`)
  }
})

t.test('the risk is unknown after broken or unexpected responses', async (t) => {
  const elsewhere = await open()
  t.teardown(elsewhere.twilio.close)
  for (const mode of ['redirecting', 'resetting', 'truncating', 'speaking-ssh', 'garbage', 'huge'] as const) {
    const { twilio, assess } = await open(undefined, mode)
    twilio.redirectTo = elsewhere.twilio.url
    t.equal(await assess(), 'unknown', mode)
    t.equal(twilio.requests.length, 1, `${mode}: one request`)
    await twilio.close()
  }
  t.equal(elsewhere.twilio.requests.length, 0, 'a redirect is not followed')
  const { twilio, assess } = await open()
  await twilio.close()
  t.equal(await assess(), 'unknown', 'connection refused')
})

t.test('waits at most one second, or the given timeout', async (t) => {
  for (const mode of ['silent', 'dripping'] as const) {
    const { twilio, url, assess } = await open(undefined, mode)
    t.teardown(twilio.close)
    const impatient = createTwilioLookup({ transport: wire, account: ACCOUNT, token: TOKEN, url, timeout: 150 })
    const since = performance.now()
    t.equal(await impatient.assess(PHONE), 'unknown', mode)
    const waited = performance.now() - since
    t.ok(waited > 100 && waited < 800, `${mode}: ${waited} ms`)
    t.equal(await assess(), 'unknown', mode)
    t.ok(performance.now() - since - waited < 1_400, mode)
  }
})
