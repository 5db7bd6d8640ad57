import t from 'tap'
import { isSameText } from '../../src/core/same-text.ts'

t.test('accepts only equal texts', async (t) => {
  const pairs: [given: string, expected: string, isSame: boolean][] = [
    ['', '', true],
    ['0f', '0f', true],
    ['0f', '0F', false],
    ['0f', '0', false],
    ['', '0', false],
    // The same length in UTF-16, but more bytes.
    ['é', 'e', false],
    ['\u00e9', 'e\u0301', false],
  ]
  for (const [given, expected, isSame] of pairs) t.equal(isSameText(given, expected), isSame, `${given} ${expected}`)
})
