import t from 'tap'
import { limitsFor } from '../../src/core/limits.ts'
import { createChallengeStore } from '../../src/store/challenges/index.ts'
import { challengeStoreContract, NO_RULES } from '../contracts/challenge-store.ts'
import { createWorld } from '../support/app.ts'
import { createMemoryChallenges } from '../support/memory-challenges.ts'

const PHONE = '+12025550143'
const limits = limitsFor()

t.test('in Postgres', async (t) => {
  challengeStoreContract(t, async (t) => {
    const world = await createWorld(t)
    const userId = await world.addUser('alice', PHONE)
    return {
      store: createChallengeStore(world.database, limits, NO_RULES),
      userId,
      phone: PHONE,
      pass: world.passTime,
      setFailures: async (count) => void (await world.sql('update factors set failures = $1', [count])),
      disable: async () => void (await world.users.setDisabled('alice', true)),
    }
  })
})

t.test('in memory', async (t) => {
  challengeStoreContract(t, async () => {
    const clock = { now: 0 }
    const account = {
      userId: '5f0c1f5a-6f5e-4f6a-8f0e-2f1d3c4b5a69',
      disabled: false,
      authEpoch: 0,
      phone: PHONE,
      failures: 0,
      counter: null,
      lockedUntil: 0,
      factorDisabled: false,
    }
    return {
      store: createMemoryChallenges(account, limits, clock),
      userId: account.userId,
      phone: PHONE,
      pass: async (seconds) => {
        clock.now += seconds
      },
      setFailures: async (count) => {
        account.failures = count
      },
      disable: async () => {
        account.disabled = true
        account.authEpoch += 1
      },
    }
  })
})
