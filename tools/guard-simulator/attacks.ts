import { type Country, countryNamed, makePrefix, makeSite } from './countries.ts'
import { GENERATED_DAY, inOrder } from './generated-day.ts'
import { createRandom, type Random } from './random.ts'
import type { SimulatedSend } from './simulated-send.ts'

/** What all attacks have: accounts of their own, one for each number, and addresses that nobody asks from twice. */
interface Attack {
  seed: number
  /** ISO 3166-1 of the numbers. */
  country?: string
  /** When the first message is asked for. */
  from?: Date
  /** How long it goes on. */
  hours?: number
}

const HOUR = 3_600_000

/** So that an attack and a day of the same seed do not make the same choices. */
const OF_ATTACKS = 0x51ed_270b

/** The morning of a generated day, when others are about. */
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

/** Many numbers of few prefixes within hours: somebody has rented ranges and wants them rung. No code is entered. */
export const burstAttack = ({
  seed,
  numbers = 400,
  prefixes = 2,
  country = 'GB',
  from = MORNING,
  hours = 2,
}: Attack & { numbers?: number; prefixes?: number }): SimulatedSend[] => {
  const random = createRandom(seed ^ OF_ATTACKS)
  const land = countryNamed(country)
  const targets = makePrefixes(random, land, prefixes)
  const send = createAttacker(random, land, 'burst')
  return inOrder(
    Array.from({ length: numbers }, (_, nth) =>
      send(from.getTime() + random.next() * hours * HOUR, targets[nth % prefixes]!, null),
    ),
  )
}

/**
 * One number of each prefix every so many minutes, below what an hour of a prefix takes, in a country that nobody else
 * comes from. No code is entered.
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
  const land = countryNamed(country)
  const send = createAttacker(random, land, 'slow')
  const step = everyMinutes * 60_000
  const rounds = Math.floor((hours * HOUR) / step)
  return inOrder(
    makePrefixes(random, land, prefixes).flatMap((prefix, place) => {
      const first = from.getTime() + (place / prefixes) * step
      return Array.from({ length: rounds }, (_, round) => send(first + round * step, prefix, null))
    }),
  )
}

/**
 * Numbers that the attacker can read a share of, over many prefixes of a busy country, so that neither prefixes nor the
 * country look worse than a bad day. `again` is how often a number whose code was entered comes back: by then the guard
 * takes its user for a known one.
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
  const land = countryNamed(country)
  const targets = makePrefixes(random, land, prefixes)
  const send = createAttacker(random, land, 'poisoning')
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
