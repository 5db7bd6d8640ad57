import { busiest, type Country, makeNetwork, makePrefix, makeSite, type Site } from './countries.ts'
import { createRandom, type Random } from './random.ts'
import type { SimulatedSend } from './simulated-send.ts'

/** The default start of a generated day, in UTC like the days of budgets. */
export const GENERATED_DAY = new Date('2026-01-05T00:00:00Z')

/** The options of a generated day. */
export interface OrganicDay {
  seed: number
  start?: Date
  /** The number of messages, including further codes for the same person. */
  sends?: number
  /** The number of countries, at most 30; the first one has a quarter of all messages. */
  countries?: number
  /** The share of codes that are entered. */
  conversion?: number
  /** The share of people in offices, and the number of people who share one office's address. */
  offices?: { share: number; people: number }
}

/** The relative traffic in each hour of local time. */
const HOURS = [1, 0.6, 0.4, 0.3, 0.3, 0.5, 1.2, 2.5, 4, 5, 5.2, 5, 4.8, 4.8, 5, 5, 4.8, 4.6, 4.8, 5.2, 5.5, 5, 3.6, 2]

/** The number of visits of a person per day, each with its percentage of people. */
const VISITS = { times: [1, 2, 3], weights: [78, 18, 4] }

/** The share of people who request another code after one that they did not enter. */
const ASKS_AGAIN = 0.6

interface Person extends Site {
  userId: string
  number: string
  country: Country
}

const DAY = 86_400

/** Creates people of one country, whose numbers cluster in some prefixes, as in cities and new networks. */
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

/** Creates offices of `people` people, and fills one after the other. */
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
 * Returns the organic traffic of a day, in order of time. Most people come once, during the day, from their own address or an
 * office. After a code that is not entered, they may request another one within 1 to 5 minutes. All users are
 * unknown, which is the worst case for the guard. The same seed gives the same day.
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
        // Most people enter the code within half a minute; some search for their phone first.
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

/** Sorts messages by time, to merge several streams. */
export const inOrder = (sends: readonly SimulatedSend[]): SimulatedSend[] =>
  sends.toSorted((a, b) => a.at.getTime() - b.at.getTime())
