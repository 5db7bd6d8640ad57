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

t.test('the latest whose time has come is in force, the first listed of several', async (t) => {
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

t.test('while the time of none has come the earliest serves: a clock that is slow stops nobody', async (t) => {
  t.equal(activeKey([key('b', 200), key('a', 100)], 50).name, 'a')
})

t.test('a former one may go when what it was used for is over', async (t) => {
  const keys = [key('a', 0), key('b', 0), key('c', 1_000), key('d', 5_000), key('e', 9_000)] as const
  t.strictSame(standings([...keys], { now: 6_000, longest: 3_600 }), [
    { state: 'former', retirableFrom: 1_000 + 3_660 },
    { state: 'former', retirableFrom: 1_000 + 3_660 },
    { state: 'former', retirableFrom: 5_000 + 3_660 },
    { state: 'in force' },
    { state: 'next', from: 9_000 },
  ])
})

t.test('where nothing says since when another serves, nothing says when one may go', async (t) => {
  t.strictSame(standings([key('a', 0), key('b', 0)], { now: 6_000, longest: 3_600 }), [
    { state: 'in force' },
    { state: 'former', retirableFrom: undefined },
  ])
})

t.test(
  'what is published first is known to everybody before it is used, and kept until the last use is over',
  async (t) => {
    const { ACCESS_TOKEN_TTL, CODE_TTL } = SettingsSchema.properties as unknown as Record<string, { maximum: number }>
    t.equal(LONGEST_TOKEN, ACCESS_TOKEN_TTL!.maximum)
    t.equal(LONGEST_CHALLENGE, CODE_TTL!.maximum)
    // A change is taken up at the second look that finds it.
    const slowestInstance = (3 * POLL_INTERVAL_MS) / 1000
    t.ok(PUBLISH_DELAY > JWKS_MAX_AGE + slowestInstance)
    t.ok(SECRET_DELAY > slowestInstance)
  },
)
