import t from 'tap'
import { parsePhone } from '../../src/factors/sms/phone-number.ts'
import { burstAttack, poisoningAttack, slowAttack } from '../../tools/guard-simulator/attacks.ts'
import { GENERATED_DAY, organicDay } from '../../tools/guard-simulator/generated-day.ts'

const HOUR = 3_600_000
const prefixOf = ({ number }: { number: string }) => number.slice(0, -4)
const distinct = <T>(items: readonly T[], of: (item: T) => unknown) => new Set(items.map(of)).size
const share = <T>(items: readonly T[], is: (item: T) => boolean) => items.filter(is).length / items.length
const isSorted = (sends: readonly { at: Date }[]) =>
  sends.every(({ at }, place) => place === 0 || at >= sends[place - 1]!.at)

/** A small size for each generator. */
const SMALL = { sends: 300, numbers: 100, hours: 1 }

t.test('generates the same day for the same seed and a different day for another seed', async (t) => {
  for (const make of [organicDay, burstAttack, slowAttack, poisoningAttack]) {
    // Compares texts: a diff of thousands of objects takes minutes.
    const [one, same, other] = [7, 7, 8].map((seed) => JSON.stringify(make({ ...SMALL, seed })))
    t.ok(one === same)
    t.ok(one !== other)
  }
})

t.test('a day has the requested messages, countries and conversion', async (t) => {
  const day = organicDay({ seed: 1, sends: 4_000, countries: 20, conversion: 0.6 })
  t.equal(day.length, 4_000)
  t.equal(
    distinct(day, ({ country }) => country),
    20,
  )
  const entered = share(day, ({ verifiedAfter }) => verifiedAfter !== null)
  t.ok(Math.abs(entered - 0.6) < 0.03, `${entered}`)
  t.ok(isSorted(day))
  t.ok(day.every(({ at }) => at >= GENERATED_DAY && at.getTime() < GENERATED_DAY.getTime() + 24 * HOUR))
  t.ok(day.every(({ verifiedAfter }) => verifiedAfter === null || (verifiedAfter >= 1 && verifiedAfter < 300)))
})

t.test('a day is realistic: valid numbers, mostly single logins, busy hours, few shared addresses', async (t) => {
  const day = organicDay({ seed: 1 })
  const isRight = ({ number, country }: (typeof day)[number]) => {
    const parsed = parsePhone(number)
    return parsed.ok && parsed.country === country
  }
  t.ok(share(day, isRight) > 0.97)
  const byUser = [...Map.groupBy(day, ({ userId }) => userId).values()]
  t.ok(share(byUser, ({ length }) => length === 1) > 0.6)
  t.ok(byUser.every((sends) => distinct(sends, ({ number }) => number) === 1))
  const byHour = Map.groupBy(day, ({ at }) => at.getUTCHours())
  t.ok(byHour.get(18)!.length > 2 * byHour.get(4)!.length)
  t.ok(distinct(day, prefixOf) > 1_500)
  const usersByAddress = [...Map.groupBy(day, ({ address }) => address).values()].map((sends) =>
    distinct(sends, ({ userId }) => userId),
  )
  const shared = share(usersByAddress, (users) => users > 1)
  t.ok(shared > 0 && shared < 0.1, `${shared}`)

  const again = byUser.flatMap((sends) =>
    sends.slice(1).map(({ at }, place) => ({ wait: at.getTime() - sends[place]!.at.getTime(), former: sends[place]! })),
  )
  const afterNothing = again.filter(({ former }) => former.verifiedAfter === null)
  t.ok(afterNothing.length > 100)
  t.ok(
    share(afterNothing, ({ wait }) => wait >= 59_000 && wait <= 300_000) > 0.7,
    'most users who request a second code have not entered the first, and wait 1 to 5 minutes',
  )
})

t.test('attacks use one account per number and rarely repeat a network', async (t) => {
  const burst = burstAttack({ seed: 1 })
  t.equal(burst.length, 400)
  t.equal(distinct(burst, prefixOf), 2)
  t.equal(
    distinct(burst, ({ verifiedAfter }) => verifiedAfter),
    1,
    'no code is entered',
  )

  const slow = slowAttack({ seed: 1 })
  t.equal(distinct(slow, prefixOf), 50)
  for (const sends of Map.groupBy(slow, prefixOf).values()) {
    t.equal(sends.length, 72)
    t.ok(sends.every(({ at }, place) => place === 0 || at.getTime() - sends[place - 1]!.at.getTime() === HOUR / 6))
  }

  const poisoning = poisoningAttack({ seed: 1, again: 2, numbers: 1_000 })
  const entered = share(poisoning, ({ verifiedAfter }) => verifiedAfter !== null)
  t.ok(Math.abs(entered - 1_200 / 1_800) < 0.05, 'numbers with an entered code come back twice')

  for (const attack of [burst, slow, poisoning]) {
    t.ok(isSorted(attack))
    t.ok(distinct(attack, ({ network }) => network) > 0.98 * attack.length)
  }
  for (const attack of [burst, slow]) t.ok(distinct(attack, ({ userId }) => userId) === attack.length)
  t.throws(() => burstAttack({ seed: 1, country: 'XX' }), RangeError)
})
