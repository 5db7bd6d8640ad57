import t from 'tap'
import { checkCountries } from '../../src/doctor/countries-check.ts'
import { checkGuard } from '../../src/doctor/guard-check.ts'
import { type CheckedProvider, checkProviders } from '../../src/doctor/providers-check.ts'

t.test('checks for two real providers, and tries their credentials and receipts', async (t) => {
  const asked: string[] = []
  const provider = (name: string, more: object = {}): CheckedProvider => ({
    definition: { name, real: true, receipts: 'signed', ...more } as never,
    provider: { readReceipt: () => ({}) } as never,
    probe: { url: `https://${name}.example/account`, headers: { authorization: 'Bearer hidden' } },
  })
  const look = (statuses: Record<string, number>, configured = [provider('acme')]) =>
    checkProviders({
      configured,
      invalid: [],
      issuer: 'https://auth.example.com',
      transport: async ({ url, headers }) => {
        asked.push(`${url} ${headers['authorization']}`)
        const status = statuses[new URL(url).hostname.split('.')[0]!]
        if (status === undefined) throw new Error('no answer')
        return { status, headers: {}, body: '' }
      },
      ask: async () => ({ status: statuses['receipts'] ?? 403, headers: {}, body: '', certificate: undefined }),
    })
  t.match(await look({ acme: 200, other: 200 }, [provider('acme'), provider('other')]), [
    { level: 'ok', found: /^2 providers/ },
    { level: 'ok', looked: 'SMS_PROVIDERS acme, acme.example' },
    { level: 'ok', looked: 'https://auth.example.com/webhooks/sms/acme' },
    { level: 'ok' },
    { level: 'ok' },
  ])
  t.strictSame(asked[0], 'https://acme.example/account Bearer hidden')
  t.match(await look({ acme: 401 }), [
    { level: 'warning', found: /^There is only one provider/ },
    { level: 'fault', found: 'The provider rejects the credentials (HTTP 401).' },
    {},
  ])
  t.match((await look({ acme: 500 }))[1], { level: 'warning', found: /did not confirm .* \(HTTP 500\)/ })
  t.match((await look({}))[1], { level: 'warning', found: /cannot be reached/ })
  t.match((await look({ acme: 200, receipts: 404 }))[2], {
    level: 'fault',
    found: 'Receipts do not arrive (HTTP 404).',
  })
  t.match((await look({ acme: 200, receipts: 204 }))[2], { level: 'fault', found: /unsigned receipt was accepted/ })
  const silent = [{ ...provider('acme', { receipts: undefined }), probe: undefined }]
  t.match((await look({}, silent)).slice(1), [
    { level: 'warning', found: 'The credentials cannot be tested without a message.' },
    { level: 'ok', found: /^The provider sends none/ },
  ])
  t.match((await look({ acme: 200 }, [{ ...provider('acme'), provider: {} as never }]))[2], {
    level: 'warning',
    found: /^Doorcode requests none/,
  })
  t.match(await look({}, [provider('console', { real: false })]), [
    { level: 'fault', found: /^No provider sends real messages/ },
  ])
})

t.test('checks that countries, prices and budgets are complete and in proportion to the users', async (t) => {
  const look = (change: object = {}) =>
    checkCountries({
      countries: ['US', 'CA'],
      priced: new Set(['US', 'CA']),
      messages: new Map([['*', 500]]),
      cost: new Map([['*', 50]]),
      users: 100,
      ...change,
    })
  t.strictSame(
    look().map(({ level }) => level),
    ['ok', 'ok', 'ok'],
  )
  t.match(look({ countries: [] })[0], { level: 'fault', found: 'The list is empty.' })
  t.match(look({ countries: Array.from({ length: 60 }, () => 'US') })[0], {
    level: 'warning',
    found: /^The list has 60 countries/,
  })
  t.match(look({ priced: new Set(['US']) })[1], { level: 'fault', found: /^SMS_PRICES has no price for CA/ })
  t.match(look({ priced: new Set(['*']) })[1], {
    level: 'ok',
    found: 'The limit is 50 a day, 1500 a month, in the currency of SMS_PRICES.',
  })
  t.match(look({ cost: new Map() })[1], {
    level: 'warning',
    found: 'The number of messages is limited, but their cost is not.',
  })
  t.match(look({ messages: new Map([['*', 20_000]]) })[2], {
    level: 'warning',
    found: /20000 messages .* for 100 users/,
  })
})

t.test('checks that the guard is on, and reports blocks and low budgets', async (t) => {
  const budget = (scope: string, softAt: Date | null, hardAt: Date | null) => ({
    scope,
    messages: 9,
    cost: '1',
    softAt,
    hardAt,
  })
  t.match(checkGuard({ isOn: true, humanCheck: 'proof-of-work', state: { blocks: [], budgets: [] } }), [
    { level: 'ok' },
    { level: 'ok' },
  ])
  const state = {
    blocks: [{ target: '+1202555' } as never],
    budgets: [budget('*', new Date(), null), budget('US', new Date(), new Date())],
  }
  t.match(checkGuard({ isOn: false, humanCheck: 'off', state }), [
    { level: 'warning', looked: 'SMS_GUARD=false' },
    { level: 'warning', looked: 'HUMAN_CHECK=off' },
    { level: 'warning', found: 'No messages are sent to +1202555.' },
    { level: 'warning', found: 'Empty budgets: US.' },
    { level: 'warning', found: 'Low budgets: all.' },
  ])
})
