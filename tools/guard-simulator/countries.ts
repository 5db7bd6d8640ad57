import type { Random } from './random.ts'

/** The form of a country's mobile numbers, as far as simulations need it. */
export interface Country {
  /** The ISO 3166-1 code. */
  country: string
  /** The first digits of numbers, with the plus and the country code. */
  starts: readonly string[]
  /** The number of digits after them, including the last four. */
  rest: number
  /** The approximate offset from UTC in hours. */
  hoursEast: number
  /** The approximate price of an SMS in US dollars. */
  price: number
}

const country = (
  iso: string,
  code: string,
  areas: string,
  rest: number,
  hoursEast: number,
  price: number,
): Country => ({
  country: iso,
  starts: areas.split(' ').map((area) => `+${code}${area}`),
  rest,
  hoursEast,
  price,
})

/** Countries of organic traffic, the busiest first. */
const ORGANIC: readonly Country[] = [
  country('US', '1', '202 206 212 213 303 305 312 404 415 512 602 617 702 713 718 786 917', 7, -6, 0.0083),
  country('GB', '44', '740 742 745 752 757 771 774 777 780 783 787 790 795 798', 7, 0, 0.041),
  country('DE', '49', '151 152 157 160 162 170 171 172 173 175 176 177 178 179', 8, 1, 0.085),
  country('FR', '33', '61 62 64 66 67 68 76 77 78', 7, 1, 0.066),
  country('IN', '91', '70 80 81 88 90 93 96 97 98 99', 8, 5, 0.05),
  country('ES', '34', '60 61 62 63 65 66 67 68 69', 7, 1, 0.063),
  country('IT', '39', '320 328 333 335 338 339 340 347 348 349', 7, 1, 0.075),
  country('BR', '55', '119 219 319 419 519 619 719 819', 8, -3, 0.04),
  country('CA', '1', '416 514 604 403 613 905 647', 7, -5, 0.0083),
  country('NL', '31', '61 62 63 64 65', 7, 1, 0.09),
  country('AU', '61', '40 41 42 43 45 47', 7, 10, 0.052),
  country('PL', '48', '50 51 60 66 69 72 78 79', 7, 1, 0.04),
  country('JP', '81', '80 90', 8, 9, 0.08),
  country('MX', '52', '55 81 33', 8, -6, 0.055),
  country('SE', '46', '70 72 73 76', 7, 1, 0.05),
  country('BE', '32', '47 48 49', 7, 1, 0.1),
  country('CH', '41', '76 77 78 79', 7, 1, 0.07),
  country('AT', '43', '650 660 664 676 699', 7, 1, 0.095),
  country('PT', '351', '91 92 93 96', 7, 0, 0.05),
  country('DK', '45', '2 3 4 5', 7, 1, 0.05),
  country('NO', '47', '4 9', 7, 1, 0.07),
  country('IE', '353', '83 85 86 87 89', 7, 0, 0.08),
  country('FI', '358', '40 44 45 50', 7, 2, 0.09),
  country('KR', '82', '10', 8, 9, 0.05),
  country('CZ', '420', '60 72 73 77', 7, 1, 0.06),
  country('RO', '40', '72 73 74 75 76', 7, 2, 0.07),
  country('ZA', '27', '72 73 82 83 84', 7, 2, 0.03),
  country('GR', '30', '69', 8, 2, 0.06),
  country('NZ', '64', '21 22 27', 7, 12, 0.1),
  country('SG', '65', '8 9', 7, 8, 0.045),
]

/** Countries without organic traffic, where messages are expensive. */
const FOREIGN: readonly Country[] = [
  country('AZ', '994', '50 51 55 70 77', 7, 4, 0.33),
  country('TN', '216', '20 50 90 98', 6, 1, 0.26),
  country('UZ', '998', '90 91 93 94 97', 7, 5, 0.31),
  country('LK', '94', '70 71 76 77', 7, 5, 0.27),
]

/** Returns the `count` busiest countries of a generated day; at most 30. */
export const busiest = (count: number): readonly Country[] => ORGANIC.slice(0, count)

/** Returns a country by its ISO code. Throws a `RangeError` for a country that simulations do not have. */
export const countryNamed = (iso: string): Country => {
  const found = [...ORGANIC, ...FOREIGN].find((one) => one.country === iso)
  if (!found) throw new RangeError(`the guard simulator has no numbers of the country ${iso}`)
  return found
}

/** Returns a random prefix: a number without its last four digits. */
export const makePrefix = (random: Random, { starts, rest }: Country): string => {
  // In the North American plan no exchange starts with 0 or 1; other countries allow this too.
  const first = 2 + random.below(8)
  return `${random.pick(starts)}${first}${random.digits(rest - 5)}`
}

/** The address of a client, and its /24 network. */
export interface Site {
  address: string
  network: string
}

/** Returns a random IPv4 address, in a random network by default. */
export const makeSite = (random: Random, network = makeNetwork(random)): Site => ({
  address: network.replace('0/24', String(1 + random.below(254))),
  network,
})

/** Returns a random /24 network. */
export const makeNetwork = (random: Random): string =>
  `${11 + random.below(200)}.${random.below(256)}.${random.below(256)}.0/24`
