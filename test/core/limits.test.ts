import t from 'tap'
import { limitsFor } from '../../src/core/limits.ts'

const defaults = limitsFor()

t.test('the cooldowns between codes are 30 s, 60 s, 2 min … 32 min', async (t) => {
  t.same(defaults.cooldowns, [30, 60, 120, 240, 480, 960, 1_920])
})

t.test('the cooldowns follow the setting, and zero disables them', async (t) => {
  t.same(limitsFor({ resendCooldown: 45 }).cooldowns, [45, 90, 180, 360, 720, 1_440, 2_880])
  t.same(new Set(limitsFor({ resendCooldown: 0 }).cooldowns), new Set([0]))
})

t.test('a code is valid for the time in the setting', async (t) => {
  t.equal(defaults.codeTtl, 300)
  t.equal(limitsFor({ codeTtl: 600 }).codeTtl, 600)
})

t.test('a challenge takes five guesses; ten failures lock for 15 min, a hundred disable', async (t) => {
  t.match(defaults, {
    attemptsPerChallenge: 5,
    failuresPerLock: 10,
    firstLock: 900,
    longestLock: 86_400,
    failuresToDisable: 100,
  })
})

t.test('no setting changes the number of guesses', async (t) => {
  const { attemptsPerChallenge, failuresPerLock, failuresToDisable } = limitsFor({ codeTtl: 60, resendCooldown: 0 })
  t.same([attemptsPerChallenge, failuresPerLock, failuresToDisable], [5, 10, 100])
})
