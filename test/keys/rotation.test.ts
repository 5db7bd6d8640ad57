import t from 'tap'
import {
  activeKey,
  JWKS_MAX_AGE,
  LONGEST_CHALLENGE,
  LONGEST_TOKEN,
  POLL_INTERVAL_MS,
  PUBLISH_DELAY,
  SECRET_DELAY,
  standings,
} from '../../src/keys/rotation.ts'
import { SettingsSchema } from '../../src/settings/schema.ts'

const key = (name: string, from: number) => ({ name, from })

t.test('the newest key with a past date is active, and the first listed of equal dates', async (t) => {
  const keys = [key('a', 0), key('b', 0), key('c', 300), key('d', 100)] as const
  for (const [now, name] of [
    [0, 'a'],
    [99, 'a'],
    [100, 'd'],
    [299, 'd'],
    [300, 'c'],
    [9_999, 'c'],
  ] as const) {
    t.equal(activeKey([...keys], now).name, name, String(now))
  }
})

t.test('the earliest key is active while all dates are in the future, so that a slow clock does no harm', async (t) => {
  t.equal(activeKey([key('b', 200), key('a', 100)], 50).name, 'a')
})

t.test('a former key can be retired when everything it signed has expired', async (t) => {
  const keys = [key('a', 0), key('b', 0), key('c', 1_000), key('d', 5_000), key('e', 9_000)] as const
  t.strictSame(standings([...keys], { now: 6_000, longest: 3_600 }), [
    { state: 'former', retirableFrom: 1_000 + 3_660 },
    { state: 'former', retirableFrom: 1_000 + 3_660 },
    { state: 'former', retirableFrom: 5_000 + 3_660 },
    { state: 'in force' },
    { state: 'next', from: 9_000 },
  ])
})

t.test('a former key has no retirement date if the active key has no date', async (t) => {
  t.strictSame(standings([key('a', 0), key('b', 0)], { now: 6_000, longest: 3_600 }), [
    { state: 'in force' },
    { state: 'former', retirableFrom: undefined },
  ])
})

t.test('delays and retention cover caches, slow instances and the longest tokens', async (t) => {
  const { ACCESS_TOKEN_TTL, CODE_TTL } = SettingsSchema.properties as unknown as Record<string, { maximum: number }>
  t.equal(LONGEST_TOKEN, ACCESS_TOKEN_TTL!.maximum)
  t.equal(LONGEST_CHALLENGE, CODE_TTL!.maximum)
  // An instance adopts a change at its second poll.
  const slowestInstance = (3 * POLL_INTERVAL_MS) / 1000
  t.ok(PUBLISH_DELAY > JWKS_MAX_AGE + slowestInstance)
  t.ok(SECRET_DELAY > slowestInstance)
})
