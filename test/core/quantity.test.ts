import t from 'tap'
import { countInWords, durationInWords } from '../../src/core/quantity.ts'

t.test('a count is in words up to twelve and in digits above', async (t) => {
  t.strictSame([1, 5, 12, 13, 100].map(countInWords), ['one', 'five', 'twelve', '13', '100'])
})

t.test('a duration has the largest unit that measures it in whole numbers', async (t) => {
  const texts = { 1: 'a second', 30: '30 seconds', 90: '90 seconds', 600: 'ten minutes', 900: '15 minutes' }
  const longer = { 3600: 'an hour', 5400: '90 minutes', 86400: '24 hours', 172800: 'two days' }
  for (const [seconds, text] of Object.entries({ ...texts, ...longer })) {
    t.equal(durationInWords(Number(seconds)), text)
  }
})
