import t from 'tap'
import { deriveSecrets } from '../../src/keys/secrets.ts'

const one = deriveSecrets('only for tests: not a secret at all')
const other = deriveSecrets('only for tests: not a secret at alL')
const hex = ({ id, pendingKey, pepper }: typeof one) => [id, pendingKey.toString('hex'), pepper.toString('hex')]

t.test('both keys have 256 bits', async (t) => {
  t.equal(one.pendingKey.length, 32)
  t.equal(one.pepper.length, 32)
})

t.test('each purpose has a key of its own, and another secret gives other keys', async (t) => {
  const all = [...hex(one), ...hex(other)]
  t.equal(new Set(all).size, all.length)
})

t.test('the same secret gives the same keys on every instance', async (t) => {
  t.same(hex(deriveSecrets('only for tests: not a secret at all')), hex(one))
})

t.test('the id is short, fit for a token header, and shows no part of a key', async (t) => {
  t.match(one.id, /^[A-Za-z0-9_-]{12}$/)
  const id = Buffer.from(one.id, 'base64url')
  for (const key of [one.pendingKey, one.pepper]) t.notOk(key.includes(id.subarray(0, 4)))
})
