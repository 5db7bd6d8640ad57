import { performance } from 'node:perf_hooks'
import t from 'tap'
import { numberIntelligence } from '../../src/guard/number-intelligence/index.ts'
import { createTwilioLookup, twilioLookup } from '../../src/guard/number-intelligence/twilio-lookup.ts'
import { wire } from '../../src/http-client/client.ts'
import { type CompanyMode, type CompanyReply, startFakeCompany } from '../../testing/index.ts'
import { assertExplained } from '../contracts/explained-settings.ts'

const ACCOUNT = `AC${'0'.repeat(32)}`
const TOKEN = 'test.not-a-real-token'
const PHONE = '+447772000001'

const json = (body: unknown, status = 200): CompanyReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

/** An answer of the document, with what it says of the SIM. */
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

/** Twilio on a real socket that says `answer`, and the source that asks it. */
const open = async (answer: () => CompanyReply = () => lookup(swapped(true)), mode: CompanyMode = 'accepting') => {
  const company = await startFakeCompany({ accepted: answer, refused: answer, lie: answer }, mode)
  const url = new URL(company.url).origin
  const source = twilioLookup.create(
    { TWILIO_LOOKUP_ACCOUNT_SID: ACCOUNT, TWILIO_LOOKUP_AUTH_TOKEN: TOKEN, TWILIO_LOOKUP_URL: url },
    { transport: wire },
  )
  return { company, url, source, assess: () => source.assess(PHONE) }
}

t.test('every source explains each of its settings, which are called after it, and hides its secrets', async (t) => {
  for (const { name, document, settings } of numberIntelligence) {
    t.match(document?.url, /^https:\/\//)
    assertExplained(t, { name, settings }, /_TOKEN$/)
  }
})

t.test('the request is the one in the document', async (t) => {
  const { company, url, source, assess } = await open()
  t.teardown(company.close)
  t.equal(source.name, 'twilio-lookup')
  t.equal(await assess(), 'high')
  t.match(company.requests, [
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
  t.equal(company.requests[1]?.path, '/v2/PhoneNumbers/%2B1%2F..%2F..%2Fx%3Fy%23z?Fields=sim_swap')
  t.match(twilioLookup.settings.properties['TWILIO_LOOKUP_URL'], { default: 'https://lookups.twilio.com' })
})

t.test('a SIM changed of late is high, one that was not is low, and nothing else is either', async (t) => {
  let reply = lookup(null)
  const { company, assess } = await open(() => reply)
  t.teardown(company.close)
  const noDate = { last_sim_swap_date: null, swapped_period: 'PT48H', swapped_in_period: false }
  const answers: [expected: string, reply: CompanyReply][] = [
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
    ...[201, 400, 401, 403, 404, 429, 500, 503].map((status): [string, CompanyReply] => [
      'unknown',
      json({ code: 20003, sim_swap: swapped(true) }, status),
    ]),
    ...['', '{', 'null', '[]', 'true'].map((body): [string, CompanyReply] => ['unknown', { status: 200, body }]),
  ]
  for (const [expected, next] of answers) {
    reply = next
    t.equal(await assess(), expected, `${next.status} ${next.body}`)
  }
})

t.test('it is unknown when Twilio answers in no way that is known', async (t) => {
  const elsewhere = await open()
  t.teardown(elsewhere.company.close)
  for (const mode of ['redirecting', 'resetting', 'truncating', 'speaking-ssh', 'garbage', 'huge'] as const) {
    const { company, assess } = await open(undefined, mode)
    company.redirectTo = elsewhere.company.url
    t.equal(await assess(), 'unknown', mode)
    t.equal(company.requests.length, 1, `${mode}: asked once`)
    await company.close()
  }
  t.equal(elsewhere.company.requests.length, 0, 'a redirect is not followed')
  const { company, assess } = await open()
  await company.close()
  t.equal(await assess(), 'unknown', 'connection refused')
})

t.test('it is waited for no longer than a second, or than was said', async (t) => {
  for (const mode of ['silent', 'dripping'] as const) {
    const { company, url, assess } = await open(undefined, mode)
    t.teardown(company.close)
    const hasty = createTwilioLookup({ transport: wire, account: ACCOUNT, token: TOKEN, url, timeout: 150 })
    const since = performance.now()
    t.equal(await hasty.assess(PHONE), 'unknown', mode)
    const waited = performance.now() - since
    t.ok(waited > 100 && waited < 800, `${mode}: ${waited} ms`)
    t.equal(await assess(), 'unknown', mode)
    t.ok(performance.now() - since - waited < 1_400, mode)
  }
})
