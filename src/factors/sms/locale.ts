import Negotiator from 'negotiator'

/** Chooses the language of a message: the user's own, or one that the request accepts (RFC 9110 §12.5.4). */
export type LocaleChoice = (stored: string | null, acceptLanguage: string | undefined) => string

/** The characters of a header that are read. Browsers send fewer. */
const LONGEST_HEADER = 200

/** Returns the start of a header, cut between items, because half of `pt-BR` would be `pt`. */
const beginningOf = (header: string): string =>
  header.length <= LONGEST_HEADER ? header : header.slice(0, Math.max(0, header.lastIndexOf(',', LONGEST_HEADER)))

const FALLBACK = 'en'

/** Languages whose readers also read another one that CLDR keeps separate. */
const READS_ALSO: Readonly<Record<string, string>> = { no: 'nb', nn: 'nb' }

/** Returns the tags that may serve a locale, the most specific first: `zh-TW`, `zh-Hant`, then `zh`. */
const candidatesFor = (tag: string): string[] => {
  try {
    const { language } = new Intl.Locale(tag)
    const { script, region } = new Intl.Locale(tag).maximize()
    const exact = new Intl.Locale(tag).toString()
    return [exact, `${language}-${region}`, `${language}-${script}`, language, READS_ALSO[language] ?? language]
  } catch {
    return []
  }
}

/** Makes the choice among `available` tags, which must include `en`. Never throws, not even for a malformed header. */
export const createLocaleChoice = (available: readonly string[]): LocaleChoice => {
  const known = new Map(available.map((tag) => [tag.toLowerCase(), tag]))
  const match = (tag: string): string | undefined => {
    // An exact match comes before a likely one: `pt` is European Portuguese here, although most speakers are in Brazil.
    for (const candidate of candidatesFor(tag)) {
      const found = known.get(candidate.toLowerCase())
      if (found) return found
    }
    return undefined
  }

  return (stored, acceptLanguage) => {
    const own = stored === null ? undefined : match(stored)
    if (own || acceptLanguage === undefined) return own ?? FALLBACK
    const wanted = new Negotiator({
      headers: { 'accept-language': beginningOf(acceptLanguage) },
    }).languages()
    for (const tag of wanted) {
      const found = tag === '*' ? FALLBACK : match(tag)
      if (found) return found
    }
    return FALLBACK
  }
}
