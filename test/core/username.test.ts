import t from 'tap'
import { usernameKey } from '../../src/core/login/username.ts'

t.test('all spellings of one name have the same key', async (t) => {
  const spellings: Record<string, string[]> = {
    'upper and lower case': ['alice', 'ALICE', 'Alice', 'aLiCe'],
    'full width': ['alice', 'ａｌｉｃｅ', 'ＡＬＩＣＥ'],
    'the Kelvin and the Ångström sign': ['kå', '\u212Aå', 'K\u212B', 'ka\u030A'],
    'ß, its capital, and ss': ['straße', 'STRASSE', 'strasse', 'STRA\u1E9EE', 'stra\u1E9Ee'],
    'final sigma': ['σίσυφος', 'ΣΊΣΥΦΟΣ', 'σίσυφοσ'],
    'composed and decomposed': ['zo\u00EB', 'zoe\u0308', 'ZOE\u0308'],
    ligatures: ['ofﬁce', 'office', 'OFFICE'],
    'compatibility digits': ['x²', 'x2', 'ｘ２'],
    'surrounding space of any kind': ['alice', ' alice', 'alice\t', '\u00A0alice\u3000', '\n alice \r\n'],
    'space of any width inside': ['anna maria', 'anna\u00A0maria', 'Anna\u2003Maria'],
  }
  for (const [what, names] of Object.entries(spellings)) {
    t.equal(
      new Set(names.map(usernameKey)).size,
      1,
      `${what}: ${names.map((name) => JSON.stringify(usernameKey(name)))}`,
    )
  }
})

t.test('a key is the Unicode case folding, without capitals and final forms', async (t) => {
  const folded: Record<string, string> = {
    Alice: 'alice',
    STRAßE: 'strasse',
    ΣΊΣΥΦΟΣ: 'σίσυφοσ',
    ＡＬＩＣＥ１: 'alice1',
  }
  for (const [name, key] of Object.entries(folded)) t.equal(usernameKey(name), key)
})

t.test('different names have different keys', async (t) => {
  const names = [
    'alice',
    'al ice',
    'alice1',
    'alic',
    'a.lice',
    'älice',
    '\u0430lice',
    'alice@example.com',
    'o',
    '0',
    '',
  ]
  t.equal(new Set(names.map(usernameKey)).size, names.length)
})

t.test('for every character, all cases and normal forms have the same key, and a key maps to itself', async (t) => {
  const offenders: string[] = []
  for (let point = 0; point <= 0x2_ffff; point += 1) {
    if (point >= 0xd800 && point <= 0xdfff) continue
    const name = `a${String.fromCodePoint(point)}b`
    const [upper, lower, folded] = [name.toUpperCase(), name.toLowerCase(), name.normalize('NFKC')]
    if (upper === name && lower === name && folded === name) continue
    const key = usernameKey(name)
    const spellings = [key, upper, lower, folded, name.normalize('NFD'), name.normalize('NFKD')]
    if (spellings.some((spelling) => usernameKey(spelling) !== key)) offenders.push(`U+${point.toString(16)}`)
  }
  t.same(offenders, [])
})
