/** The order of the providers for each country; `*` is for all others. */
export type Routes = ReadonlyMap<string, readonly string[]>

/** An error in `SMS_ROUTES`, as the end of a sentence about the setting, with a correct example. */
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
 * Reads `US,CA=twilio,vonage;*=vonage`: for each country (ISO 3166-1, or `*` for every other) the providers in order.
 * Throws `RoutesError` for another form, for a country named twice, and for a provider that is not in `providers`.
 */
export const parseRoutes = (text: string, providers: readonly string[]): Routes => {
  const routes = new Map<string, string[]>()
  for (const part of text.split(';').filter((part) => part.trim())) {
    const [left = '', right, ...more] = part.split('=')
    const countries = items(left)
    const names = items(right ?? '')
    if (more.length > 0 || countries.length === 0 || names.length === 0) {
      throw new RoutesError(`has "${part.trim()}", which is not COUNTRIES=PROVIDERS.`)
    }
    for (const name of names) {
      if (!providers.includes(name)) throw new RoutesError(`names "${name}", which is not in SMS_PROVIDERS.`)
    }
    for (const country of countries) {
      if (!/^([A-Z]{2}|\*)$/.test(country)) {
        throw new RoutesError(`names "${country}", which is not a country code.`)
      }
      if (routes.has(country)) throw new RoutesError(`names "${country}" twice.`)
      routes.set(country, names)
    }
  }
  return routes
}

/** Returns the providers for a country in order: its own route, that of `*`, or all providers. */
export const routeFor = (routes: Routes, country: string | null, all: readonly string[]): readonly string[] =>
  (country === null ? undefined : routes.get(country)) ?? routes.get('*') ?? all
