import type { Client } from '../../core/ports.ts'
import { CATALOGUE, type LocaleWords } from './catalogue.ts'
import { segmentsOf } from './segments.ts'
import { faultsOf } from './text-faults.ts'

/** Texts of the operator's own, by BCP 47 tag; what a language of ours does not say anew stays as it is. */
export type TextOverrides = Readonly<Record<string, Partial<LocaleWords>>>

/** What texts are made of. */
export interface TextOptions {
  serviceName: string
  /** The domain of the origin-bound line. */
  domain: string
  /** Digits of a code. */
  codeLength: number
  overrides: TextOverrides
  /** The languages that are wanted; all that fit if it is not given. */
  locales?: readonly string[]
  /** The 11 characters of the SMS Retriever; without them Android gets the origin-bound line. */
  androidAppHash?: string
}

/** One code in the words of one language. */
export interface Words {
  /** BCP 47. */
  locale: string
  text: string
  speech: string[]
  speechLocale: string
  segments: number
  encoding: 'GSM-7' | 'UCS-2'
}

/** The messages of this server. Nothing but a code, the service's name and its domain ever enters one. */
export interface Texts {
  readonly locales: string[]
  /** Languages of ours whose text does not fit with this server's names. */
  readonly leftOut: string[]
  /** `locale` must be one of `locales`. */
  wordsFor(message: { locale: string; code: string; client?: Client }): Words
}

/** Digits one by one: voices read "123456" as a number. */
const spell = (code: string) => [...code].join(', ')

/**
 * The text for a browser ends in the origin-bound line (WICG "Origin-bound one-time codes": `@host #code`, single
 * spaces, alone), the one for Android in the app's hash (SMS Retriever: at most 140 bytes).
 */
const endingsOf = ({ domain, androidAppHash }: TextOptions) => {
  const browser = (text: string, code: string) => `${text}\n\n@${domain} #${code}`
  const android = androidAppHash === undefined ? undefined : (text: string) => `<#> ${text}\n${androidAppHash}`
  return { browser, android }
}

/**
 * Makes the texts and checks each of them with a code of full length. Throws one error with every fault of English, of
 * the languages named in `locales` and of overrides; other languages that do not fit are left out.
 */
export const createTexts = (options: TextOptions): Texts => {
  const { serviceName, codeLength, overrides, locales: wanted } = options
  const { browser, android } = endingsOf(options)
  const all = new Map(Object.entries(CATALOGUE))
  const faults: string[] = []
  for (const [locale, changes] of Object.entries(overrides)) {
    const words = { ...all.get(locale), ...changes }
    if (words.text && words.speech && words.speechLocale) all.set(locale, words as LocaleWords)
    else faults.push(`"${locale}" is no language of ours: give it "text", "speech" and "speechLocale".`)
  }
  for (const locale of wanted ?? []) {
    if (!all.has(locale)) faults.push(`"${locale}" is not among the languages: ${[...all.keys()].join(', ')}.`)
  }

  const usable = new Map<string, { words: LocaleWords; sample: ReturnType<typeof segmentsOf> }>()
  const leftOut: string[] = []
  const sampleCode = '0'.repeat(codeLength)
  const fill = (text: string) => {
    const body = text.replace('{service}', () => serviceName).replace('{code}', sampleCode)
    return { browser: browser(body, sampleCode), android: android?.(body) }
  }
  for (const [locale, words] of all) {
    const isWanted = locale === 'en' || (wanted?.includes(locale) ?? true)
    const mustFit = locale === 'en' || wanted?.includes(locale) || locale in overrides
    if (!isWanted && !mustFit) continue
    const found = faultsOf(locale, words, fill)
    if (found.length > 0 && mustFit) faults.push(...found)
    else if (found.length === 0 && isWanted) {
      usable.set(locale, { words, sample: segmentsOf(fill(words.text).browser) })
    } else if (found.length > 0) leftOut.push(locale)
  }
  if (faults.length > 0) {
    const advice =
      'Shorten SERVICE_NAME or SMS_DOMAIN, change SMS_TEXTS_FILE, or leave the language out of SMS_LOCALES.'
    throw new Error(
      `The texts of messages are not right:\n${faults.map((fault) => `  ${fault}`).join('\n')}\n  ${advice}`,
    )
  }

  const named = (text: string) => text.replace('{service}', () => serviceName)
  const prepared = new Map(
    [...usable].map(([locale, { words, sample }]) => [
      locale,
      {
        text: named(words.text).split('{code}') as [string, string],
        speech: words.speech.map(named) as [string, string],
        speechLocale: words.speechLocale,
        segments: sample.segments,
        encoding: sample.encoding,
      },
    ]),
  )
  return {
    locales: [...prepared.keys()],
    leftOut,
    wordsFor({ locale, code, client }) {
      const { text, speech, ...rest } = prepared.get(locale)!
      const body = text.join(code)
      const digits = spell(code)
      return {
        ...rest,
        locale,
        text: client === 'android' && android ? android(body) : browser(body, code),
        speech: [speech[0], digits, speech[1], digits],
      }
    },
  }
}
