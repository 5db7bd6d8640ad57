/** Ids and times, whose digits match any code sooner or later. */
const DIGITS_BY_CHANCE = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|"time":"[^"]*"/g

/** Returns the secrets that a log contains. */
export const secretsIn = (log: string, secrets: Iterable<string>): string[] => {
  const searched = log.replaceAll(DIGITS_BY_CHANCE, '')
  return [...secrets].filter((secret) => secret !== '' && searched.includes(secret))
}
