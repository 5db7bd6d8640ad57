/** The order of companies for each country, and `*` for all others. */
export type Routes = ReadonlyMap<string, readonly string[]>

/** A faulty part of `SMS_ROUTES`, in words, with an example of a right one. */
class RoutesError extends Error {
  override readonly name = 'RoutesError'
  constructor(fault: string) {
    super(`${fault} For example: US,CA=twilio,vonage;IN=acme;*=vonage`)
  }
}

const items = (list: string) =>
  list
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)

/**
 * Reads `US,CA=twilio,vonage;*=vonage`: for each country (ISO 3166-1, or `*` for every other) the companies in order.
 * Throws `RoutesError` for what has another form, for a country named twice, and for a company not among `providers`.
 */
export const parseRoutes = (text: string, providers: readonly string[]): Routes => {
  const routes = new Map<string, string[]>()
  for (const part of text.split(';').filter((part) => part.trim())) {
    const [left = '', right, ...more] = part.split('=')
    const countries = items(left)
    const names = items(right ?? '')
    if (more.length > 0 || countries.length === 0 || names.length === 0) {
      throw new RoutesError(`has "${part.trim()}", which is not COUNTRIES=COMPANIES.`)
    }
    for (const name of names) {
      if (!providers.includes(name)) throw new RoutesError(`names "${name}", which SMS_PROVIDERS does not.`)
    }
    for (const country of countries) {
      if (!/^([A-Z]{2}|\*)$/.test(country)) {
        throw new RoutesError(`names "${country}", which is no country.`)
      }
      if (routes.has(country)) throw new RoutesError(`names "${country}" twice.`)
      routes.set(country, names)
    }
  }
  return routes
}

/** The companies for a country in order: its own route, the one of `*`, or all of them. */
export const routeFor = (routes: Routes, country: string | null, all: readonly string[]): readonly string[] =>
  (country === null ? undefined : routes.get(country)) ?? routes.get('*') ?? all
