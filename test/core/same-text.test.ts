import t from 'tap'
import { isSameText } from '../../src/core/same-text.ts'

t.test('only equal texts are the same', async (t) => {
  const pairs: [given: string, expected: string, isSame: boolean][] = [
    ['', '', true],
    ['0f', '0f', true],
    ['0f', '0F', false],
    ['0f', '0', false],
    ['', '0', false],
    // As long in UTF-16, and longer in bytes.
    ['é', 'e', false],
    ['\u00e9', 'e\u0301', false],
  ]
  for (const [given, expected, isSame] of pairs) t.equal(isSameText(given, expected), isSame, `${given} ${expected}`)
})
