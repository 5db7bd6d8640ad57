import t from 'tap'
import { deliverCode } from '../../src/core/challenge/deliver.ts'
import type { Factor } from '../../src/core/challenge/factor.ts'
import type { SendPlan } from '../../src/core/delivery/ports.ts'
import type { Problem } from '../../src/errors.ts'
import { sendEntry } from '../contracts/challenge-store.ts'

/** Returns the time limit of a send when this many ms are left, or the statuses and the error code without a send. */
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

t.test('subtracts elapsed time from the provider’s timeout, so that a caller waits at most 5 s', async (t) => {
  t.equal(await givenWith(4_800), 4_500)
  t.equal(await givenWith(3_800), 3_500)
  for (const left of [4_800, 4_773.686348, 2_800.1, 800])
    t.ok(Number(await givenWith(left)) <= left - 300, '300 ms remain to withdraw the challenge')
})

t.test('gives a provider at least 500 ms or withdraws the challenge', async (t) => {
  t.equal(await givenWith(800), 500)
  for (const left of [799, 0, -60_000]) t.equal(await givenWith(left), 'failed, withdrawn, service_unavailable')
})

t.test('the timeout is in whole milliseconds, which timers require', async (t) => {
  t.ok(Number.isInteger(await givenWith(4_773.686348)))
})
