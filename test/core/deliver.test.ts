import t from 'tap'
import { deliverCode } from '../../src/core/deliver.ts'
import type { CodeFactor, SendPlan } from '../../src/core/ports.ts'
import { sendEntry } from '../contracts/challenge-store.ts'

/** How long a send is given when this much time has gone by since the request came. */
const givenAfter = async (elapsed: number): Promise<number> => {
  let given = Number.NaN
  const plan: SendPlan = {
    channel: 'sms',
    first: sendEntry(),
    guard: { applies: false, safe: false },
    deliver: async (within) => {
      given = within
      return { outcome: 'accepted', provider: 'test', sendId: 'id', took: 1 }
    },
  }
  const factor: CodeFactor = {
    name: 'sms',
    amr: () => ['sms'],
    channels: ['sms'],
    readPhone: (written) => written,
    assertAllowed: () => {},
    fixedCode: () => undefined,
    plan: () => plan,
    planNotice: () => undefined,
  }
  await deliverCode({
    ledger: { enter: async () => {}, handOver: async () => {}, settle: async () => {}, receive: async () => false },
    factor,
    plan,
    journal: () => {},
    context: {
      requestId: 'id',
      address: '198.51.100.7',
      host: '198.51.100.7',
      network: '198.51.100.0/24',
      client: null,
      elapsed: () => elapsed,
    },
    claims: { challengeId: 'id', userId: 'id', purpose: 'login' },
    phone: '+12025550143',
    withdraw: async () => {},
  })
  return given
}

t.test(
  'what the database and the hash took is taken off a company’s time, so that a caller waits 5 s in all',
  async (t) => {
    t.equal(await givenAfter(0), 4_500)
    t.equal(await givenAfter(1_000), 3_500)
    for (const elapsed of [0, 26.313652, 1_999.9, 4_000]) t.ok(elapsed + (await givenAfter(elapsed)) <= 4_500)
  },
)

t.test('a company has half a second, however late it is', async (t) => {
  for (const elapsed of [4_001, 4_500, 60_000]) t.equal(await givenAfter(elapsed), 500)
})

t.test('the time given is whole milliseconds, as timers take no others', async (t) => {
  t.ok(Number.isInteger(await givenAfter(26.313652)))
})
