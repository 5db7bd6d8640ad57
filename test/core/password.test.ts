import t from 'tap'
import { normalizePassword, PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../../src/core/challenge/password.ts'

t.test('composed and decomposed spellings of a password are equal', async (t) => {
  t.equal(normalizePassword('cafe\u0301 au lait'), normalizePassword('caf\u00E9 au lait'))
})

t.test('keeps case, width, space and ligatures of a password', async (t) => {
  for (const password of ['Alice', ' space around ', 'ｆｕｌｌ', 'oﬃce', 'x²', 'ſ', '\u0000nul', '🔑🔑']) {
    t.equal(normalizePassword(password), password)
  }
})

t.test('a password has 8 to 256 code points', async (t) => {
  t.same([PASSWORD_MIN_LENGTH, PASSWORD_MAX_LENGTH], [8, 256])
})
