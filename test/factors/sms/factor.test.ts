import t from 'tap'
import type { BeginRequest } from '../../../src/core/challenge/factor.ts'
import type { Candidate, Carrier, Dispatcher } from '../../../src/core/delivery/ports.ts'
import { createSmsFactor, type SmsFactorDeps } from '../../../src/factors/sms/factor.ts'
import { createLocaleChoice } from '../../../src/factors/sms/locale.ts'
import { createTexts } from '../../../src/factors/sms/render-texts.ts'

const TEXTS = createTexts({ serviceName: 'Example', domain: 'example.com', codeLength: 6, overrides: {}, locales: [] })

/** Creates a factor with these providers by channel; those in `down` are unavailable for 9 s. */
const create = (
  countries: string[],
  providers: Partial<Record<Candidate['channel'], string[]>> = { sms: ['one', 'two'] },
  {
    down = [],
    voip = true,
    scenarios,
  }: { down?: string[]; voip?: boolean; scenarios?: SmsFactorDeps['scenarios'] } = {},
) => {
  const sent: { message: object; providers: string[]; within: number }[] = []
  const dispatcher: Dispatcher = {
    channels: Object.keys(providers) as Candidate['channel'][],
    candidates: ({ channel }) =>
      (providers[channel] ?? []).map((provider) => ({
        provider,
        channel,
        retryAfter: down.includes(provider) ? 9 : 0,
      })),
    price: ({ segments }) => segments * 0.5,
    send: async (message, entries, within) => {
      sent.push({ message, within, providers: entries.map(({ provider }) => provider) })
      return { outcome: 'accepted', sendId: entries[0]!.sendId, provider: entries[0]!.provider, took: 1 }
    },
  }
  const factor = createSmsFactor({
    dispatcher,
    countries,
    texts: TEXTS,
    chooseLocale: createLocaleChoice(TEXTS.locales),
    codeLength: 6,
    voip,
    safeNumbers: [],
    phoneKey: Buffer.alloc(32, 7),
    ...(scenarios && { scenarios }),
  })
  /** Begins a challenge and returns its plan and its code. */
  const begin = async (request: Partial<BeginRequest> = {}) => {
    const codes: string[] = []
    const { plan } = await factor.begin({
      destination: '+12025550143',
      channel: undefined,
      formerChannel: undefined,
      failed: [],
      locale: null,
      acceptLanguage: undefined,
      client: undefined,
      hash: (answer) => Buffer.from(String(codes.push(answer))),
      enrollment: async () => ({ secret: null, counter: null }),
      ...request,
    })
    return { code: codes[0]!, plan: plan! }
  }
  /** Returns the providers in the order of their attempts. */
  const order = async (request: Partial<BeginRequest>) => {
    const { plan: planned } = await begin(request)
    await planned.deliver(1_000, async () => {})
    return { channel: planned.channel, providers: sent.at(-1)!.providers }
  }
  return { factor, begin, order, sent }
}

const isAllowed = (countries: string[], phone: string, { voip = true } = {}): boolean => {
  try {
    create(countries, undefined, { voip }).factor.delivery.assertAllowed(phone)
    return true
  } catch (error) {
    if ((error as { code?: string }).code === 'destination_not_allowed') return false
    throw error
  }
}

t.test('sends codes only to the listed countries', async (t) => {
  t.ok(isAllowed(['US'], '+12025550143'))
  t.ok(isAllowed(['GB', 'US'], '+12025550123'))
  t.notOk(isAllowed(['GB'], '+12025550143'))
})

t.test('refuses toll-free, premium, personal, fixed and unused numbers in every country', async (t) => {
  const kinds = {
    'toll-free': '+18009998877',
    premium: '+19005550123',
    personal: '+447012345678',
    'a fixed line': '+493012345678',
    'not in use': '+12025',
  }
  for (const [kind, phone] of Object.entries(kinds)) t.notOk(isAllowed([], phone), kind)
})

t.test('sends codes to VoIP numbers unless they are disabled', async (t) => {
  const phone = '+33912345678'
  t.ok(isAllowed(['FR'], phone))
  t.notOk(isAllowed(['FR'], phone, { voip: false }))
})

t.test('does not allow other countries with the same dial code', async (t) => {
  t.notOk(isAllowed(['US', 'CA'], '+18765550123'), 'Jamaica')
  t.notOk(isAllowed(['US'], '+14165550123'), 'Canada')
  t.ok(isAllowed(['JM'], '+18765550123'))
})

t.test('refuses numbers without a country if countries are listed', async (t) => {
  for (const phone of ['+870773111632', '+88161234567', '+80012345678', '+979123456789', 'nonsense', '']) {
    t.notOk(isAllowed(['US', 'GB'], phone), phone)
  }
})

t.test('without a list of countries, every number is allowed, as no real messages are sent', async (t) => {
  t.ok(isAllowed([], '+18765550123'))
})

t.test('sends the code in the text for the channel to the number', async (t) => {
  const { begin, sent } = create(['US'])
  const { code, plan } = await begin()
  t.match(code, /^\d{6}$/)
  t.match(await plan.deliver(700, async () => {}), { outcome: 'accepted', provider: 'one' })
  t.match(sent, [
    {
      within: 700,
      providers: ['one', 'two'],
      message: {
        channel: 'sms',
        to: '+12025550143',
        code,
        locale: 'en',
        text: new RegExp(`^${code}.*@example\\.com #${code}$`, 's'),
      },
    },
  ])
})

t.test('the ledger entry has country, prefix and price, but neither number nor code', async (t) => {
  const { begin } = create(['US'])
  const { code, plan } = await begin()
  const { first } = plan
  t.match(first, { provider: 'one', channel: 'sms', country: 'US', prefix: '+1202555', segments: 1, price: 0.5 })
  t.equal(first.phoneHash.length, 32)
  t.notMatch(JSON.stringify({ ...first, sendId: '', phoneHash: '' }), new RegExp(`12025550143|${code}`))
  t.strictNotSame((await begin({ destination: '+12025550144' })).plan.first.phoneHash, first.phoneHash)
})

t.test('tries a provider that failed to deliver last', async (t) => {
  const { order } = create([], { sms: ['one', 'two', 'three'] })
  t.same(await order({ failed: [{ provider: 'one', channel: 'sms' }] }), {
    channel: 'sms',
    providers: ['two', 'three', 'one'],
  })
})

t.test('uses the next channel after all providers of one have failed, unless the caller chose one', async (t) => {
  const { order } = create([], { sms: ['one'], voice: ['two'], whatsapp: ['one'] })
  const failed: Carrier[] = [{ provider: 'one', channel: 'sms' }]
  t.equal((await order({ failed })).channel, 'voice')
  t.equal((await order({ failed, channel: 'sms' })).channel, 'sms')
  failed.push({ provider: 'two', channel: 'voice' })
  t.equal((await order({ failed, formerChannel: 'voice' })).channel, 'whatsapp')
  failed.push({ provider: 'one', channel: 'whatsapp' })
  t.equal(
    (await order({ failed, formerChannel: 'whatsapp' })).channel,
    'whatsapp',
    'the same channel after all have failed',
  )
})

t.test('a resend keeps the former channel', async (t) => {
  const { order } = create([], { sms: ['one'], voice: ['two'] })
  t.equal((await order({ formerChannel: 'voice' })).channel, 'voice')
  t.equal((await order({ formerChannel: 'voice', channel: 'sms' })).channel, 'sms')
})

t.test('skips a provider that is down, and refuses with Retry-After when all are down', async (t) => {
  t.same((await create([], undefined, { down: ['one'] }).order({})).providers, ['two'])
  const { begin } = create([], undefined, { down: ['one', 'two'] })
  await t.rejects(begin(), { code: 'sms_unavailable', details: { retryAfter: 9 } })
})

t.test('refuses the destination if no provider has the requested channel', async (t) => {
  await t.rejects(create([]).begin({ channel: 'voice' }), { code: 'destination_not_allowed' })
})

t.test('scenario numbers need no country, have their fixed code, and expire', async (t) => {
  const scenarios = {
    isServed: (phone: string) => (phone === '+12025550150' ? true : phone === '+12025550151' ? false : undefined),
    codeFor: (phone: string) => (phone === '+12025550150' ? '246810' : undefined),
  }
  const { begin } = create(['GB'], undefined, { scenarios })
  t.equal((await begin({ destination: '+12025550150' })).code, '246810')
  for (const destination of ['+12025550151', '+12025550152']) {
    await t.rejects(begin({ destination }), { code: 'destination_not_allowed' })
  }
})

t.test('states its name, code length and channels, and an amr for each channel', async (t) => {
  const { factor } = create([], { sms: ['one'], voice: ['one'] })
  t.match(factor, { name: 'sms', codeLength: 6, delivery: { channels: ['sms', 'voice'] } })
  t.same([factor.amr('sms'), factor.amr('voice'), factor.amr('whatsapp')], [['sms'], ['tel'], ['sms']])
})
