import t from 'tap'
import { deliverCode } from '../../src/core/challenge/deliver.ts'
import type { Factor } from '../../src/core/challenge/factor.ts'
import type { SendPlan } from '../../src/core/delivery/ports.ts'
import type { Problem } from '../../src/errors.ts'
import { sendEntry } from '../contracts/challenge-store.ts'

/** How long a send is given when this much time is left for the answer, or what came of a challenge that had none. */
const givenWith = async (left: number): Promise<number | string> => {
  let given = Number.NaN
  const happened: string[] = []
  const plan: SendPlan = {
    channel: 'sms',
    first: sendEntry(),
    guard: { applies: false, safe: false },
    deliver: async (within) => {
      given = within
      return { outcome: 'accepted', provider: 'test', sendId: 'id', took: 1 }
    },
  }
  const factor: Factor = {
    name: 'sms',
    amr: () => ['sms'],
    begin: () => ({ hash: null, plan }),
    answer: () => ({}),
  }
  const delivered = deliverCode({
    ledger: {
      enter: async () => {},
      handOver: async () => {},
      settle: async ({ status }) => void happened.push(status),
      receive: async () => false,
    },
    factor,
    plan,
    journal: () => {},
    context: {
      requestId: 'id',
      address: '198.51.100.7',
      host: '198.51.100.7',
      network: '198.51.100.0/24',
      client: null,
      left: () => left,
    },
    claims: { challengeId: 'id', userId: 'id', purpose: 'login' },
    destination: '+12025550143',
    withdraw: async () => void happened.push('withdrawn'),
  })
  const problem = await delivered.then(
    () => undefined,
    (error: Problem) => error,
  )
  return problem ? [...happened, problem.code].join(', ') : given
}

t.test(
  'what the database and the hash took is taken off a company’s time, so that a caller waits 5 s in all',
  async (t) => {
    t.equal(await givenWith(4_800), 4_500)
    t.equal(await givenWith(3_800), 3_500)
    for (const left of [4_800, 4_773.686348, 2_800.1, 800])
      t.ok(Number(await givenWith(left)) <= left - 300, 'there is time to take it back')
  },
)

t.test('a company has half a second, or is not called, and the challenge is taken back', async (t) => {
  t.equal(await givenWith(800), 500)
  for (const left of [799, 0, -60_000]) t.equal(await givenWith(left), 'failed, withdrawn, service_unavailable')
})

t.test('the time given is whole milliseconds, as timers take no others', async (t) => {
  t.ok(Number.isInteger(await givenWith(4_773.686348)))
})
