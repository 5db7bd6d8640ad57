import { busiest, type Country, makeNetwork, makePrefix, makeSite, type Site } from './countries.ts'
import { createRandom, type Random } from './random.ts'
import type { SimulatedSend } from './simulated-send.ts'

/** When generated days begin unless something else is said: budgets are counted by UTC days. */
export const GENERATED_DAY = new Date('2026-01-05T00:00:00Z')

/** What a day is like. */
export interface OrganicDay {
  seed: number
  start?: Date
  /** Messages, further codes to the same person included. */
  sends?: number
  /** At most 30, the first with a quarter of all messages. */
  countries?: number
  /** The share of codes that are entered. */
  conversion?: number
  /** The share of people who share their address with others, and with how many. */
  offices?: { share: number; people: number }
}

/** How much is going on in each hour of people's own day. */
const HOURS = [1, 0.6, 0.4, 0.3, 0.3, 0.5, 1.2, 2.5, 4, 5, 5.2, 5, 4.8, 4.8, 5, 5, 4.8, 4.6, 4.8, 5.2, 5.5, 5, 3.6, 2]

/** How often a person comes in a day, and how many of a hundred do. */
const VISITS = { times: [1, 2, 3], weights: [78, 18, 4] }

/** The share of people without a code who ask for another one, each time. */
const ASKS_AGAIN = 0.6

interface Person extends Site {
  userId: string
  number: string
  country: Country
}

const DAY = 86_400

/** People of one country: their numbers crowd in some prefixes, as those of cities and young networks do. */
const createPeople = (random: Random, country: Country, expected: number) => {
  const prefixes = Array.from({ length: Math.max(60, Math.ceil(expected)) }, () => makePrefix(random, country))
  const networks = Array.from({ length: Math.max(20, Math.ceil(expected / 2)) }, () => makeNetwork(random))
  return (site?: Site): Person => ({
    userId: random.uuid(),
    number: `${prefixes[Math.floor(random.next() ** 2 * prefixes.length)]}${random.digits(4)}`,
    country,
    ...(site ?? makeSite(random, random.pick(networks))),
  })
}

/** Offices of so many people each, filled one after the other. */
const createOffices = (random: Random, { share, people }: { share: number; people: number }) => {
  const open = new Map<Country, { site: Site; left: number }>()
  return (country: Country): Site | undefined => {
    if (!random.chance(share)) return undefined
    let office = open.get(country)
    if (!office || office.left === 0) {
      office = { site: makeSite(random), left: people }
      open.set(country, office)
    }
    office.left -= 1
    return office.site
  }
}

const timeOfDay = (random: Random, { hoursEast }: Country): number => {
  const local = random.weighted([...HOURS.keys()], HOURS) + random.next()
  return ((local - hoursEast + 24) % 24) * 3_600
}

/**
 * What people do in a day: most come once, at the hours at which people are awake, each from an address of their own or
 * from an office; who enters no code may ask for another after 1 to 5 minutes. Nobody is known from before, which is the
 * worst day that a guard can have. The same for the same seed, in the order of time.
 */
export const organicDay = ({
  seed,
  start = GENERATED_DAY,
  sends = 5_000,
  countries = 30,
  conversion = 0.85,
  offices = { share: 0.06, people: 8 },
}: OrganicDay): SimulatedSend[] => {
  const random = createRandom(seed)
  const all = busiest(countries)
  const weights = all.map((_, rank) => 1 / (rank + 1))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const people = new Map(all.map((one, rank) => [one, createPeople(random, one, (sends * weights[rank]!) / total)]))
  const officeIn = createOffices(random, offices)
  const made: SimulatedSend[] = []

  const visit = ({ country, ...person }: Person) => {
    let at = timeOfDay(random, country)
    for (let codes = 1; ; codes += 1) {
      const isEntered = random.chance(conversion)
      const channel = codes > 1 && random.chance(0.2) ? 'voice' : 'sms'
      made.push({
        at: new Date(start.getTime() + Math.floor(at * 1_000)),
        ...person,
        country: country.country,
        channel,
        segments: 1,
        price: country.price,
        // Most have the code within half a minute, and some look for their phone first.
        verifiedAfter: isEntered ? Math.min(240, 8 + Math.floor(-20 * Math.log(1 - random.next()))) : null,
        kind: 'organic',
      })
      at += 60 + random.next() * 240
      if (isEntered || codes === 4 || at >= DAY || !random.chance(ASKS_AGAIN)) return
    }
  }

  while (made.length < sends) {
    const country = random.weighted(all, weights)
    const person = people.get(country)!(officeIn(country))
    const visits = random.weighted(VISITS.times, VISITS.weights)
    for (let nth = 0; nth < visits; nth += 1) visit(person)
  }
  return inOrder(made.slice(0, sends))
}

/** Several streams as one, in the order of time. */
export const inOrder = (sends: readonly SimulatedSend[]): SimulatedSend[] =>
  sends.toSorted((a, b) => a.at.getTime() - b.at.getTime())
