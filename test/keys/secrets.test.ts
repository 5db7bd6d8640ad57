import t from 'tap'
import { activeKey } from '../../src/keys/rotation.ts'
import { deriveSecrets, parseSecrets, readSecrets } from '../../src/keys/secrets.ts'

const one = deriveSecrets('only for tests: not a secret at all')
const other = deriveSecrets('only for tests: not a secret at alL')
const hex = ({ id, pendingKey, pepper }: typeof one) => [id, pendingKey.toString('hex'), pepper.toString('hex')]

t.test('both keys have 256 bits', async (t) => {
  t.equal(one.pendingKey.length, 32)
  t.equal(one.pepper.length, 32)
})

t.test('derives a separate key for each purpose and different keys from another secret', async (t) => {
  const all = [...hex(one), ...hex(other)]
  t.equal(new Set(all).size, all.length)
})

t.test('derives the same keys from the same secret on every instance', async (t) => {
  t.same(hex(deriveSecrets('only for tests: not a secret at all')), hex(one))
})

t.test('the id is short, fits a token header and contains no part of a key', async (t) => {
  t.match(one.id, /^[A-Za-z0-9_-]{12}$/)
  const id = Buffer.from(one.id, 'base64url')
  for (const key of [one.pendingKey, one.pepper]) t.notOk(key.includes(id.subarray(0, 4)))
})

const ONE = 'the first secret of these tests, no more'
const TWO = 'the second secret of these tests, no less'
const line = (date: string, secret: string) => `${date} ${secret}`
const source = (text: string) => ({ name: 'SECRET_FILE /x', text })

t.test('a text without dates is one secret, even with several lines', async (t) => {
  for (const text of [ONE, `${ONE}\n${TWO}`, `2026 ${ONE}`, `2026-1-1 ${ONE}`]) {
    t.strictSame(parseSecrets(`${text}\n`), [{ secret: text, from: 0 }])
  }
})

t.test('each line is a secret, valid from its date if it has one', async (t) => {
  t.strictSame(parseSecrets(`${ONE}\r\n\n${line('2026-11-24T10:00:00Z', TWO)}\n`), [
    { secret: ONE, from: 0 },
    { secret: TWO, from: Date.UTC(2026, 10, 24, 10) / 1000 },
  ])
  t.equal(parseSecrets(line('2026-11-24', ONE))[0].from, Date.UTC(2026, 10, 24) / 1000)
  t.equal(parseSecrets(line('2026-11-24T10:30Z', ONE))[0].from, Date.UTC(2026, 10, 24, 10, 30) / 1000)
})

t.test('the newest secret with a past date is active, and a former one never is', async (t) => {
  const file = source(`${ONE}\n${line('2026-11-24T10:00:00Z', TWO)}`)
  const secrets = readSecrets([file, source(line('2026-11-23', 'a former secret of these tests, long gone'))])
  const at = (hour: number) => activeKey(secrets, Date.UTC(2026, 10, 24, hour) / 1000).id
  t.equal(secrets.length, 3)
  t.equal(at(9), deriveSecrets(ONE).id)
  t.equal(at(10), deriveSecrets(TWO).id)
  t.equal(at(23), deriveSecrets(TWO).id)
})

t.test('refuses an invalid secret without showing it', async (t) => {
  for (const [text, message] of [
    ['', /^SECRET_FILE \/x has fewer than 32 characters$/],
    ['hidden', /^SECRET_FILE \/x has fewer than 32 characters$/],
    ['hiddenhidden'.repeat(9), /^SECRET_FILE \/x is not random$/],
    [`${ONE}\n${line('2026-11-24', 'hidden')}`, /^SECRET_FILE \/x line 2 has fewer than 32 characters$/],
    [
      `${line('2026-11-24', TWO)}\n${line('2026-13-24', `hidden ${ONE}`)}`,
      /^SECRET_FILE \/x line 2 has an invalid date/,
    ],
    [`${line('2026-11-24', TWO)}\n${TWO}`, /^SECRET_FILE \/x has the same secret twice$/],
  ] as const) {
    const error = t.throws(() => readSecrets([source(text)]), { message }) as Error
    t.notMatch(error.message, /hidden/)
  }
})
