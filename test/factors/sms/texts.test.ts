import t from 'tap'
import { createTexts, type TextOptions } from '../../../src/factors/sms/render-texts.ts'
import { segmentsOf } from '../../../src/factors/sms/segments.ts'
import { TEXTS_BY_LOCALE } from '../../../src/factors/sms/texts.ts'

const OPTIONS: TextOptions = { serviceName: 'Doorcode', domain: 'auth.example.com', codeLength: 6, overrides: {} }
const HASH = 'FA+9qCX9VSu'

const create = (changes: Partial<TextOptions> = {}) => createTexts({ ...OPTIONS, ...changes })
const faultsOf = (changes: Partial<TextOptions>): string => {
  try {
    create(changes)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

/**
 * Reads the last line as a browser does (WICG "Origin-bound one-time codes", parsing): `@`, a host up to a space, one
 * space, `#`, the code up to the end.
 */
const readOriginBound = (message: string) => {
  const line = message.split(/\r?\n|\r/).at(-1)!
  const space = line.indexOf(' ')
  if (line[0] !== '@' || space < 2 || line[space + 1] !== '#') return undefined
  const [host, code] = [line.slice(1, space), line.slice(space + 2)]
  return code !== '' && !/\s/.test(code) && new URL(`https://${host}`).host === host ? { host, code } : undefined
}

t.test('has more than twenty languages', async (t) => {
  t.ok(Object.keys(TEXTS_BY_LOCALE).length > 20)
})

for (const [codeLength, code] of [
  [6, '049281'],
  [8, '04928137'],
] as const) {
  t.test(
    `with ${codeLength} digits, every language fits one segment and has the code in text and last line`,
    async (t) => {
      const texts = create({ codeLength })
      t.same(texts.leftOut, [])
      t.same(texts.locales.sort(), Object.keys(TEXTS_BY_LOCALE).sort())
      for (const locale of texts.locales) {
        const words = texts.wordsFor({ locale, code })
        t.equal(words.segments, 1, locale)
        t.equal(words.text.split(code).length - 1, 2, `${locale}: in the text and in the last line`)
        t.equal(words.text.split('Doorcode').length - 1, 1, locale)
        t.same(readOriginBound(words.text), { host: 'auth.example.com', code }, locale)
        t.match(words.text, /[^\n]\n\n@[^\n]+$/, `${locale}: an empty line precedes the last line`)
        t.match(segmentsOf(words.text), { segments: 1 }, locale)
        const android = texts.wordsFor({ locale, code, client: 'android' })
        t.equal(android.text, words.text, `${locale}: one form without a hash`)
        t.notMatch(words.text, /[{}]/, locale)
        t.notMatch(words.text.replaceAll(code, ''), /\p{Nd}/u, `${locale}: no other digits`)
      }
    },
  )
}

t.test('a voice call says the code twice, digit by digit, in a language with a region', async (t) => {
  const texts = create()
  for (const locale of texts.locales) {
    const { speech, speechLocale } = texts.wordsFor({ locale, code: '049281' })
    t.equal(speech.length, 4)
    t.same([speech[1], speech[3]], ['0, 4, 9, 2, 8, 1', '0, 4, 9, 2, 8, 1'], locale)
    t.match(speech[0], /Doorcode/)
    t.match(speechLocale, /^[a-z]{2}-[A-Z]{2}$/)
    t.equal(new Intl.Locale(speechLocale).language, new Intl.Locale(locale).language)
  }
})

t.test('ends with the configured hash for Android apps, within 140 bytes', async (t) => {
  t.same(create({ androidAppHash: HASH, codeLength: 8 }).leftOut, [])
  const texts = create({ androidAppHash: HASH })
  for (const locale of texts.locales) {
    const { text } = texts.wordsFor({ locale, code: '049281', client: 'android' })
    t.ok(text.startsWith('<#> ') && text.endsWith(`\n${HASH}`), locale)
    t.ok(Buffer.byteLength(text) <= 140, locale)
    t.equal(text.split('049281').length - 1, 1, locale)
    t.match(texts.wordsFor({ locale, code: '049281', client: 'ios' }).text, /@auth\.example\.com #049281$/)
  }
  t.match(create().wordsFor({ locale: 'en', code: '049281', client: 'android' }).text, /@auth\.example\.com #049281$/)
})

t.test('omits languages that do not fit the names, and refuses them if they are listed', async (t) => {
  const domain = `${'a'.repeat(26)}.example.com`
  const { locales, leftOut } = create({ domain })
  t.ok(locales.includes('en') && locales.includes('de'))
  t.ok(leftOut.includes('ru') && !locales.includes('ru'))
  const faults = faultsOf({ domain, locales: ['ru', 'de', 'el'] })
  t.match(
    faults,
    /"ru" text \(browser\) is \d+ characters too long for one segment: \d+ of 70 in UCS-2, because of "—" at character 8/,
  )
  t.match(faults, /"el" text/)
  t.notMatch(faults, /"de"/)
  t.match(faults, /Shorten SERVICE_NAME or SMS_DOMAIN/)
})

t.test('offers only the listed languages and English', async (t) => {
  t.same(create({ locales: ['de', 'pt-BR'] }).locales.sort(), ['de', 'en', 'pt-BR'])
  t.match(faultsOf({ locales: ['tlh'] }), /"tlh" is not among the languages: en, /)
})

t.test('the error for an invalid template has its language, position and fault', async (t) => {
  const wrong: [text: string, fault: RegExp][] = [
    ['{service}: no code', /"en" text must contain \{code\} once, not 0 times/],
    ['{code} {code} {service}', /"en" text must contain \{code\} once, not 2 times/],
    ['{code}', /"en" text must contain \{service\} once, not 0 times/],
    ['{code} {service} {username}', /"en" text has the unknown placeholder \{username\} at character 18/],
    ['{code} {service} }', /"en" text has an unmatched "\}" at character 18/],
    ['{code}\u2028{service}', /"en" text has a line break or control character at character 7/],
    ['{code}\n{service}', /"en" text has a line break or control character at character 7/],
    [
      `{code} {service} ${'x'.repeat(120)}`,
      /"en" text \(browser\) is 3 characters too long for one segment: 163 of 160 in GSM-7\./,
    ],
    [
      `{code} {service} ê${'x'.repeat(30)}`,
      /too long for one segment: \d+ of 70 in UCS-2, because of "ê" at character 17/,
    ],
  ]
  for (const [text, fault] of wrong) t.match(faultsOf({ overrides: { en: { text } } }), fault, encodeURI(text))
  t.match(faultsOf({ overrides: { en: { text: 7 as never } } }), /"en" text must be a text/)
  t.match(
    faultsOf({ overrides: { en: { speech: ['no service', 'again'] } } }),
    /"en" speech\[0\] must contain \{service\} once/,
  )
  t.match(faultsOf({ overrides: { en: { speech: [] as never } } }), /"en" speech must be two phrases/)
  t.match(faultsOf({ overrides: { en: { speechLocale: 'en' } } }), /"en" speechLocale must have a region/)
  const long = `{code} {service} ${'x'.repeat(115)}`
  t.match(
    faultsOf({ androidAppHash: HASH, overrides: { en: { text: long } } }),
    /android\) is \d+ bytes too long for the SMS Retriever: \d+ of 140/,
  )
})

t.test('the error for an invalid file of texts has the position', async (t) => {
  const wrong: [overrides: unknown, fault: RegExp][] = [
    [{ en: null }, /"en" must be an object/],
    [{ en: [] }, /"en" must be an object/],
    [{ en: 'x' }, /"en" must be an object/],
    [{ en: { txt: '{code}' } }, /"en" has the unknown member "txt": use "text", "speech" or "speechLocale"/],
    [{ en: { text: '' } }, /"en" text must contain \{code\} once, not 0 times/],
    [{ 'PT-br': { text: 'x' } }, /"PT-br" is not a language tag: write "pt-BR"/],
    [{ iw: { text: 'x' } }, /"iw" is not a language tag: write "he"/],
    [{ en_GB: { text: 'x' } }, /"en_GB" is not a language tag: write one like "pt-BR"/],
    [JSON.parse('{"__proto__": {}}'), /"__proto__" is not a language tag/],
    [{ eo: { text: '{code} {service}' } }, /"eo" is not a built-in language: give it/],
  ]
  for (const [overrides, fault] of wrong) t.match(faultsOf({ overrides: overrides as never }), fault)
})

t.test('refuses names that would break the format of a message', async (t) => {
  t.match(faultsOf({ serviceName: 'Door\ncode' }), /SERVICE_NAME has a line break or control character at character 5/)
  for (const domain of ['', 'a b', 'example.com #1', '@example.com', 'a\nb']) {
    t.match(faultsOf({ domain }), /SMS_DOMAIN must be only a host/, domain)
  }
  for (const androidAppHash of ['', 'FA+9qCX9VS', 'FA+9qCX9VSu2', 'FA+9 CX9VSu']) {
    t.match(faultsOf({ androidAppHash }), /ANDROID_APP_HASH must be 11 characters/, androidAppHash)
  }
})

t.test('refuses names that would make English longer than one segment', async (t) => {
  for (const serviceName of ['Zoë', 'A—B', 'Ñandú 🔑']) {
    t.match(
      faultsOf({ serviceName }),
      /"en" text \(browser\) is \d+ characters too long.* of 70 in UCS-2, because of "/,
    )
  }
  const used = create({ domain: 'a', locales: [] }).wordsFor({ locale: 'en', code: '049281' }).text.length - 1
  const fits = 'a'.repeat(160 - used)
  t.equal(create({ domain: fits, locales: [] }).wordsFor({ locale: 'en', code: '049281' }).segments, 1)
  t.match(faultsOf({ domain: `${fits}a`, locales: [] }), /"en" text \(browser\) is 1 characters too long/)
  t.match(faultsOf({ domain: `${fits.slice(1)}^`, locales: [] }), /is 1 characters too long.*: 161 of 160 in GSM-7/)
})

t.test('reports all faults at once', async (t) => {
  const faults = faultsOf({ overrides: { en: { text: 'x' }, de: { text: 'y' }, tlh: { text: 'z' } }, locales: ['xx'] })
  for (const part of ['"en"', '"de"', '"tlh" is not a built-in language', '"xx"']) t.ok(faults.includes(part), part)
})

t.test('custom texts replace the built-in ones and may add a language', async (t) => {
  const texts = create({
    overrides: {
      en: { text: 'Your {service} code: {code}' },
      eo: {
        text: '{code} estas via kodo de {service}.',
        speech: ['Via kodo de {service} estas:', 'Denove:'],
        speechLocale: 'eo-001',
      },
    },
  })
  t.equal(
    texts.wordsFor({ locale: 'en', code: '049281' }).text,
    'Your Doorcode code: 049281\n\n@auth.example.com #049281',
  )
  t.match(texts.wordsFor({ locale: 'en', code: '049281' }).speech, ['Your Doorcode code is:'])
  t.match(texts.wordsFor({ locale: 'eo', code: '049281' }).text, /^049281 estas via kodo de Doorcode\./)
})

t.test('inserts the service name literally, even with replacement patterns', async (t) => {
  t.match(
    create({ serviceName: "A$&B$1$'" }).wordsFor({ locale: 'en', code: '049281' }).text,
    "049281 is your A$&B$1$' code.",
  )
  t.match(
    create({ serviceName: '{code}' }).wordsFor({ locale: 'en', code: '049281' }).text,
    '049281 is your {code} code.',
  )
})
