import t from 'tap'
import type { SendResult, TextMessage } from '../../../src/core/ports.ts'
import { createSmsFactor } from '../../../src/factors/sms/factor.ts'
import { codeText } from '../../../src/factors/sms/text.ts'

const NAMES = { serviceName: 'Example', domain: 'example.com' }

const create = (countries: string[], result: SendResult = { outcome: 'accepted' }) => {
  const sent: TextMessage[] = []
  const factor = createSmsFactor({
    ...NAMES,
    countries,
    send: async (message) => {
      sent.push(message)
      return { ...result, provider: 'one' }
    },
  })
  return { factor, sent }
}

const isAllowed = (countries: string[], phone: string): boolean => {
  try {
    create(countries).factor.assertAllowed(phone)
    return true
  } catch (error) {
    if ((error as { code?: string }).code === 'destination_not_allowed') return false
    throw error
  }
}

t.test('codes go to the named countries alone', async (t) => {
  t.ok(isAllowed(['US'], '+18009998877'))
  t.ok(isAllowed(['GB', 'US'], '+12025550123'))
  t.notOk(isAllowed(['GB'], '+18009998877'))
})

t.test('neighbours under the same dial code are not allowed with it', async (t) => {
  t.notOk(isAllowed(['US', 'CA'], '+18765550123'), 'Jamaica')
  t.notOk(isAllowed(['US'], '+14165550123'), 'Canada')
  t.ok(isAllowed(['JM'], '+18765550123'))
})

t.test('numbers of no country are never allowed where countries are named', async (t) => {
  for (const phone of ['+870773111632', '+88161234567', '+80012345678', '+979123456789', 'nonsense', '']) {
    t.notOk(isAllowed(['US', 'GB'], phone), phone)
  }
})

t.test('without named countries every number is allowed: nothing real is sent then', async (t) => {
  t.ok(isAllowed([], '+18765550123'))
})

t.test('a code goes out whole, to the number, under the id of its send', async (t) => {
  const { factor, sent } = create(['US'])
  const result = await factor.send({ sendId: 'send-1', phone: '+18009998877', code: '049281', within: 5_000 })
  t.same(result, { outcome: 'accepted', provider: 'one' })
  t.same(sent, [{ sendId: 'send-1', to: '+18009998877', body: codeText({ code: '049281', ...NAMES }) }])
})

t.test('what became of a message is passed on as it is', async (t) => {
  const { factor } = create([], { outcome: 'failed', reason: 'HTTP 503', retryAfter: 7 })
  t.same(await factor.send({ sendId: 'send-1', phone: '+18009998877', code: '049281', within: 5_000 }), {
    outcome: 'failed',
    reason: 'HTTP 503',
    retryAfter: 7,
    provider: 'one',
  })
})

t.test('names that do not fit a message are refused when the factor is made', async (t) => {
  t.throws(() =>
    createSmsFactor({
      ...NAMES,
      serviceName: 'Zoë',
      countries: [],
      send: async () => ({ outcome: 'accepted', provider: '' }),
    }),
  )
})

t.test('the factor says what it is', async (t) => {
  t.match(create([]).factor, { name: 'sms', amr: ['sms'], channels: ['sms'] })
})
