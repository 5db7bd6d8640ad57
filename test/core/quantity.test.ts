import t from 'tap'
import { countInWords, durationInWords } from '../../src/core/quantity.ts'

t.test('writes counts up to twelve in words and larger ones in digits', async (t) => {
  t.strictSame([1, 5, 12, 13, 100].map(countInWords), ['one', 'five', 'twelve', '13', '100'])
})

t.test('writes a duration in the largest unit that gives a whole number', async (t) => {
  const texts = { 1: 'a second', 30: '30 seconds', 90: '90 seconds', 600: 'ten minutes', 900: '15 minutes' }
  const longer = { 3600: 'an hour', 5400: '90 minutes', 86400: '24 hours', 172800: 'two days' }
  for (const [seconds, text] of Object.entries({ ...texts, ...longer })) {
    t.equal(durationInWords(Number(seconds)), text)
  }
})
