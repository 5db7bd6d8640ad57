import t from 'tap'
import { assertOneSegment, codeText } from '../../../src/factors/sms/text.ts'

/** GSM 03.38, the basic alphabet: one septet each. */
const GSM7_BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)

/**
 * Reads the last line as a browser does (WICG "Origin-bound one-time codes", parsing): `@`, the host up to a space, one
 * space, `#`, the code up to the end.
 */
const parseOriginBound = (text: string): { host: string; code: string } | undefined => {
  const line = text.split('\n').at(-1)!
  const space = line.indexOf(' ')
  if (line[0] !== '@' || space < 2 || line[space + 1] !== '#') return undefined
  const [host, code] = [line.slice(1, space), line.slice(space + 2)]
  if (code === '' || /\s/.test(code) || new URL(`https://${host}`).host !== host) return undefined
  return { host, code }
}

const NAMES = { serviceName: 'Example', domain: 'auth.example.com' }
const LONGEST = { serviceName: 'A Company & Sons Ltd', domain: `${'a'.repeat(32)}.example` }

t.test('the text begins with the code, so that a notification shows it', async (t) => {
  t.match(codeText({ code: '049281', ...NAMES }), /^049281 is your Example code\./)
})

t.test('the last line binds the code to its origin, as browsers read it', async (t) => {
  for (const code of ['049281', '12345678']) {
    t.same(parseOriginBound(codeText({ code, ...NAMES })), { host: 'auth.example.com', code })
  }
  t.same(parseOriginBound(codeText({ code: '049281', serviceName: 'Example', domain: '127.0.0.1' })), {
    host: '127.0.0.1',
    code: '049281',
  })
})

t.test('an empty line sets the last one apart, and nothing follows it', async (t) => {
  t.match(codeText({ code: '049281', ...NAMES }), /[^\n]\n\n@auth\.example\.com #049281$/)
})

t.test('the text is one GSM-7 segment, with the longest names and codes too', async (t) => {
  for (const names of [NAMES, LONGEST]) {
    const text = codeText({ code: '12345678', ...names })
    t.same(
      [...text].filter((character) => !GSM7_BASIC.has(character)),
      [],
    )
    t.ok(text.length <= 160, `${text.length} septets`)
    assertOneSegment(names)
  }
})

t.test('names that would double the cost of every message are refused at start', async (t) => {
  for (const serviceName of ['Zoë', 'A—B', 'Ñandú 🔑', 'a\tb', 'x^2', '[x]', '€uro']) {
    t.throws(
      () => assertOneSegment({ ...NAMES, serviceName }),
      { message: /outside GSM-7: check SERVICE_NAME/ },
      serviceName,
    )
  }
  t.throws(() => assertOneSegment({ ...NAMES, domain: `${'a'.repeat(120)}.example` }), {
    message: /\d+ characters too long/,
  })
})

t.test('a text is too long from the 161st septet on', async (t) => {
  const room = 160 - codeText({ code: '12345678', serviceName: 'Example', domain: '' }).length
  t.doesNotThrow(() => assertOneSegment({ serviceName: 'Example', domain: 'a'.repeat(room) }))
  t.throws(() => assertOneSegment({ serviceName: 'Example', domain: 'a'.repeat(room + 1) }), {
    message: /is 1 characters too long/,
  })
})
