import { type Country, countryNamed, makePrefix, makeSite } from './countries.ts'
import { GENERATED_DAY, inOrder } from './generated-day.ts'
import { createRandom, type Random } from './random.ts'
import type { SimulatedSend } from './simulated-send.ts'

/** The options of all attacks. An attack uses a new account for each number and a new address for each message. */
interface Attack {
  seed: number
  /** The country of the numbers, as an ISO 3166-1 code. */
  country?: string
  /** The time of the first request. */
  from?: Date
  /** The duration in hours. */
  hours?: number
}

const HOUR = 3_600_000

/** Changes the seed, so that an attack and a day with the same seed make different choices. */
const OF_ATTACKS = 0x51ed_270b

/** The morning of a generated day, when organic traffic is high. */
const MORNING = new Date(GENERATED_DAY.getTime() + 9 * HOUR)

const createAttacker =
  (random: Random, { country, price }: Country, kind: string) =>
  (at: number, prefix: string, verifiedAfter: number | null): SimulatedSend => ({
    at: new Date(Math.floor(at)),
    userId: random.uuid(),
    number: `${prefix}${random.digits(4)}`,
    country,
    channel: 'sms',
    ...makeSite(random),
    segments: 1,
    price,
    verifiedAfter,
    kind,
  })

const makePrefixes = (random: Random, country: Country, count: number): string[] => {
  const prefixes = new Set<string>()
  while (prefixes.size < count) prefixes.add(makePrefix(random, country))
  return [...prefixes]
}

/** Returns an attack on many numbers of few prefixes within hours, as with rented number ranges. No code is entered. */
export const burstAttack = ({
  seed,
  numbers = 400,
  prefixes = 2,
  country = 'GB',
  from = MORNING,
  hours = 2,
}: Attack & { numbers?: number; prefixes?: number }): SimulatedSend[] => {
  const random = createRandom(seed ^ OF_ATTACKS)
  const targetCountry = countryNamed(country)
  const targets = makePrefixes(random, targetCountry, prefixes)
  const send = createAttacker(random, targetCountry, 'burst')
  return inOrder(
    Array.from({ length: numbers }, (_, nth) =>
      send(from.getTime() + random.next() * hours * HOUR, targets[nth % prefixes]!, null),
    ),
  )
}

/**
 * Returns an attack with one message per prefix every `everyMinutes` minutes. It stays below the hourly limit of a prefix, in
 * a country without organic traffic. No code is entered.
 */
export const slowAttack = ({
  seed,
  prefixes = 50,
  everyMinutes = 10,
  country = 'AZ',
  from = MORNING,
  hours = 12,
}: Attack & { prefixes?: number; everyMinutes?: number }): SimulatedSend[] => {
  const random = createRandom(seed ^ OF_ATTACKS)
  const targetCountry = countryNamed(country)
  const send = createAttacker(random, targetCountry, 'slow')
  const step = everyMinutes * 60_000
  const rounds = Math.floor((hours * HOUR) / step)
  return inOrder(
    makePrefixes(random, targetCountry, prefixes).flatMap((prefix, place) => {
      const first = from.getTime() + (place / prefixes) * step
      return Array.from({ length: rounds }, (_, round) => send(first + round * step, prefix, null))
    }),
  )
}

/**
 * Returns an attack on many prefixes of a busy country in which the attacker enters a share of the codes. The prefixes and
 * the country thus look like organic traffic. `again` is the number of further messages for each entered code:
 * the guard then treats the user as known.
 */
export const poisoningAttack = ({
  seed,
  numbers = 3_000,
  prefixes = 300,
  conversion = 0.4,
  again = 0,
  country = 'GB',
  from = MORNING,
  hours = 12,
}: Attack & { numbers?: number; prefixes?: number; conversion?: number; again?: number }): SimulatedSend[] => {
  const random = createRandom(seed ^ OF_ATTACKS)
  const targetCountry = countryNamed(country)
  const targets = makePrefixes(random, targetCountry, prefixes)
  const send = createAttacker(random, targetCountry, 'poisoning')
  return inOrder(
    Array.from({ length: numbers }, (_, nth) => {
      const isRead = random.chance(conversion)
      const first = send(
        from.getTime() + random.next() * hours * HOUR,
        targets[nth % prefixes]!,
        isRead ? 5 + random.below(20) : null,
      )
      const later = Array.from({ length: isRead ? again : 0 }, (_, time) => ({
        ...first,
        ...makeSite(random),
        at: new Date(first.at.getTime() + (time + 1) * HOUR),
      }))
      return [first, ...later]
    }).flat(),
  )
}
