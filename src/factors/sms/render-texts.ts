import type { Client, NoticeKind } from '../../core/delivery/ports.ts'
import { NOTICES } from './notices.ts'
import { faultsOf } from './text-faults.ts'
import { type LocaleWords, TEXTS_BY_LOCALE } from './texts.ts'

/** The operator's texts, by BCP 47 tag. For a built-in language, missing members keep their defaults. */
export type TextOverrides = Readonly<Record<string, Partial<LocaleWords>>>

/** The input of `createTexts`. */
export interface TextOptions {
  serviceName: string
  /** The domain in the origin-bound last line. */
  domain: string
  /** Digits of a code. */
  codeLength: number
  overrides: TextOverrides
  /** The languages to offer; undefined for all that fit. */
  locales?: readonly string[]
  /** The app's 11 characters for the SMS Retriever; without them Android gets the origin-bound line. */
  androidAppHash?: string
}

/** A code or notice in the texts of one language. */
export interface Words {
  /** BCP 47. */
  locale: string
  text: string
  speech: string[]
  speechLocale: string
  /** Segments of the text: always one, because longer texts are refused. */
  segments: number
}

/** The messages of this server. They contain a code, the service's name and its domain, and no other variable text. */
export interface Texts {
  readonly locales: string[]
  /** Built-in languages whose text does not fit with this server's names. */
  readonly leftOut: string[]
  /** Returns the message with a code. `locale` must be one of `locales`. */
  wordsFor(message: { locale: string; code: string; client?: Client }): Words
  /** Returns a notice; in English when the language has none. */
  noticeOf(kind: NoticeKind, locale: string): Words
}

const MEMBERS = ['text', 'speech', 'speechLocale']

const canonical = (tag: string): string | undefined => {
  try {
    return Intl.getCanonicalLocales(tag)[0]
  } catch {
    return undefined
  }
}

/**
 * Returns the faults of an operator's entry, except those of its texts. `SMS_TEXTS_FILE` is JSON that was not
 * validated.
 */
const entryFaults = (locale: string, entry: unknown, isOurs: boolean): string[] => {
  const tag = canonical(locale)
  // Only canonical tags are ever chosen.
  if (tag !== locale) return [`"${locale}" is not a language tag: write ${tag ? `"${tag}"` : 'one like "pt-BR"'}.`]
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return [`"${locale}" must be an object with "text", "speech" or "speechLocale".`]
  }
  const faults = Object.keys(entry)
    .filter((member) => !MEMBERS.includes(member))
    .map((member) => `"${locale}" has the unknown member "${member}": use "text", "speech" or "speechLocale".`)
  if (!isOurs && !MEMBERS.every((member) => Object.hasOwn(entry, member))) {
    faults.push(`"${locale}" is not a built-in language: give it "text", "speech" and "speechLocale".`)
  }
  return faults
}

/** Returns the faults of names that would break the form of every message. */
const nameFaults = ({ serviceName, domain, androidAppHash }: TextOptions): string[] => {
  const faults: string[] = []
  const control = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.exec(serviceName)
  if (control) faults.push(`SERVICE_NAME has a line break or control character at character ${control.index + 1}.`)
  if (!/^[^\s@#]+$/.test(domain)) faults.push('SMS_DOMAIN must be only a host, because the last line is "@host #code".')
  if (androidAppHash !== undefined && !/^[A-Za-z0-9+/]{11}$/.test(androidAppHash)) {
    faults.push('ANDROID_APP_HASH must be 11 characters of base64.')
  }
  return faults
}

/** Returns the digits one by one, because voices read "123456" as a number. */
const spell = (code: string) => [...code].join(', ')

/**
 * Returns the functions that append the last lines. The text for a browser ends in the origin-bound line (WICG
 * "Origin-bound one-time codes": `@host #code`, single spaces, alone). The one for Android ends in the app's hash (SMS
 * Retriever: at most 140 bytes).
 */
const endingsOf = ({ domain, androidAppHash }: TextOptions) => {
  const browser = (text: string, code: string) => `${text}\n\n@${domain} #${code}`
  const android = androidAppHash === undefined ? undefined : (text: string) => `<#> ${text}\n${androidAppHash}`
  return { browser, android }
}

/**
 * Makes the texts and checks each with a code of full length. Throws one error with every fault of English, of the
 * languages in `locales` and of the overrides. Other languages that do not fit are left out.
 */
export const createTexts = (options: TextOptions): Texts => {
  const { serviceName, codeLength, overrides, locales: wanted } = options
  const { browser, android } = endingsOf(options)
  const all = new Map(Object.entries(TEXTS_BY_LOCALE))
  const faults = nameFaults(options)
  for (const [locale, changes] of Object.entries(overrides)) {
    const found = entryFaults(locale, changes, all.has(locale))
    if (found.length === 0) all.set(locale, { ...all.get(locale), ...changes } as LocaleWords)
    faults.push(...found)
  }
  for (const locale of wanted ?? []) {
    if (!all.has(locale)) faults.push(`"${locale}" is not among the languages: ${[...all.keys()].join(', ')}.`)
  }

  const usable = new Map<string, LocaleWords>()
  const leftOut: string[] = []
  const sampleCode = '0'.repeat(codeLength)
  const fill = (text: string) => {
    const body = text.replace('{code}', sampleCode).replace('{service}', () => serviceName)
    return { browser: browser(body, sampleCode), android: android?.(body) }
  }
  for (const [locale, words] of all) {
    const isWanted = locale === 'en' || (wanted?.includes(locale) ?? true)
    const mustFit = locale === 'en' || wanted?.includes(locale) || locale in overrides
    if (!isWanted && !mustFit) continue
    const found = faultsOf(locale, words, fill)
    if (found.length > 0 && mustFit) faults.push(...found)
    else if (found.length === 0 && isWanted) {
      usable.set(locale, words)
    } else if (found.length > 0) leftOut.push(locale)
  }
  if (faults.length > 0) {
    const advice =
      'Shorten SERVICE_NAME or SMS_DOMAIN, change SMS_TEXTS_FILE, or leave the language out of SMS_LOCALES.'
    throw new Error(
      `The texts of the messages are invalid:\n${faults.map((fault) => `  ${fault}`).join('\n')}\n  ${advice}`,
    )
  }

  const named = (text: string) => text.replace('{service}', () => serviceName)
  const prepared = new Map(
    [...usable].map(([locale, words]) => [
      locale,
      {
        text: words.text.split('{code}').map(named) as [string, string],
        speech: words.speech.map(named) as [string, string],
        speechLocale: words.speechLocale,
      },
    ]),
  )
  return {
    locales: [...prepared.keys()],
    leftOut,
    noticeOf(kind, wanted) {
      const locale = wanted in NOTICES[kind] ? wanted : 'en'
      const text = NOTICES[kind][locale]!.replaceAll('{service}', () => serviceName)
      return { locale, text, speech: [text], speechLocale: TEXTS_BY_LOCALE[locale]!.speechLocale, segments: 1 }
    },
    wordsFor({ locale, code, client }) {
      const { text, speech, ...rest } = prepared.get(locale)!
      const body = text.join(code)
      const digits = spell(code)
      return {
        ...rest,
        locale,
        segments: 1,
        text: client === 'android' && android ? android(body) : browser(body, code),
        speech: [speech[0], digits, speech[1], digits],
      }
    },
  }
}
