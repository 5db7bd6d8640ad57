import t from 'tap'
import { createLocaleChoice } from '../../../src/factors/sms/locale.ts'
import { TEXTS_BY_LOCALE } from '../../../src/factors/sms/texts.ts'

const choose = createLocaleChoice(Object.keys(TEXTS_BY_LOCALE))

t.test('chooses the stored language of the user in any regional variant', async (t) => {
  const cases: [stored: string, chosen: string][] = [
    ['de', 'de'],
    ['de-AT', 'de'],
    ['DE-at', 'de'],
    ['pt', 'pt'],
    ['pt-PT', 'pt'],
    ['pt-BR', 'pt-BR'],
    ['pt-AO', 'pt'],
    ['zh', 'zh-Hans'],
    ['zh-CN', 'zh-Hans'],
    ['zh-SG', 'zh-Hans'],
    ['zh-TW', 'zh-Hant'],
    ['zh-HK', 'zh-Hant'],
    ['zh-Hant-MO', 'zh-Hant'],
    ['no', 'nb'],
    ['nn-NO', 'nb'],
    ['iw', 'he'],
    ['in', 'id'],
    ['en-GB', 'en'],
  ]
  for (const [stored, chosen] of cases) t.equal(choose(stored, 'fr'), chosen, stored)
})

t.test('falls back to Accept-Language in the order of its weights', async (t) => {
  const cases: [header: string, chosen: string][] = [
    ['fr', 'fr'],
    ['fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5', 'fr'],
    ['de;q=0.5, ru', 'ru'],
    ['tlh, gsw, it;q=0.1', 'it'],
    ['zh-TW,zh;q=0.9', 'zh-Hant'],
    ['*', 'en'],
    ['tlh', 'en'],
    ['de;q=0', 'en'],
    ['', 'en'],
  ]
  for (const [header, chosen] of cases) {
    t.equal(choose(null, header), chosen, header)
    t.equal(choose('tlh', header), chosen, header)
  }
  t.equal(choose(null, undefined), 'en')
})

t.test('reads only the start of a long header and no partial tag', async (t) => {
  t.equal(choose(null, `${'tlh,'.repeat(48)}pt-BR,fr`), 'pt-BR')
  t.equal(choose(null, `${'tlh,'.repeat(49)}pt-BR`), 'en')
  t.equal(choose(null, `fr;q=0.1,${'tlh,'.repeat(47)}de;q=0.9`), 'fr')
  t.equal(choose(null, `de,${'x'.repeat(8_192)}`), 'de')
})

t.test('always chooses a known language for random headers and records', async (t) => {
  const alphabet = [...'abdeihnrtz--;,,=q0.19* \t\0"\\é🔑']
  let seed = 7
  const next = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  const strange: string[] = []
  for (let round = 0; round < 2_000; round += 1) {
    const text = Array.from({ length: next(240) }, () => alphabet[next(alphabet.length)]).join('')
    if (!TEXTS_BY_LOCALE[choose(null, text)] || !TEXTS_BY_LOCALE[choose(text, text)]) strange.push(text)
  }
  t.same(strange, [])
})

t.test('chooses English for garbage within 50 ms', async (t) => {
  for (const rubbish of [
    '\0',
    ',;q=,;',
    'de;q=NaN',
    '--',
    'x'.repeat(8_192),
    'de-'.repeat(3_000),
    ','.repeat(8_192),
    ';q='.repeat(3_000),
    '__proto__',
    'constructor',
    'é',
  ]) {
    const since = performance.now()
    t.ok(['en', 'de'].includes(choose(null, rubbish)), rubbish.slice(0, 12))
    t.ok(['en'].includes(choose(rubbish, undefined)), rubbish.slice(0, 12))
    t.ok(performance.now() - since < 50)
  }
})
