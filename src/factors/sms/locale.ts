import Negotiator from 'negotiator'

/** Chooses the language of a message: the user's own first, then what the request asks for (RFC 9110 §12.5.4). */
export type LocaleChoice = (stored: string | null, acceptLanguage: string | undefined) => string

/** What is looked at of a header: no browser sends more. */
const LONGEST_HEADER = 200

/** The whole items of a header's beginning: half of `pt-BR` would be `pt`. */
const beginningOf = (header: string): string =>
  header.length <= LONGEST_HEADER ? header : header.slice(0, Math.max(0, header.lastIndexOf(',', LONGEST_HEADER)))

const FALLBACK = 'en'

/** Tags that CLDR keeps apart and whose readers read the other. */
const READS_ALSO: Readonly<Record<string, string>> = { no: 'nb', nn: 'nb' }

/** The tags that a locale may be served by, the most exact first: `zh-TW` by itself, `zh-Hant`, then `zh`. */
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

/** Makes the choice among `available` tags, which include `en`; never throws, whatever the header holds. */
export const createLocaleChoice = (available: readonly string[]): LocaleChoice => {
  const known = new Map(available.map((tag) => [tag.toLowerCase(), tag]))
  const match = (tag: string): string | undefined => {
    // `pt` is European Portuguese here, though most who speak it do so in Brazil: what is exact comes before what is likely.
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
