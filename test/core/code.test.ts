import t from 'tap'
import { hashCode, makeClientKey, makeCode } from '../../src/core/challenge/code.ts'
import type { Purpose } from '../../src/core/terms.ts'

const SAMPLES = 10_000

const codes = Array.from({ length: SAMPLES }, () => makeCode(6))

/** The chi-square distance of digits from uniform: 9 degrees of freedom, above 50 once in ten million runs. */
const chiSquare = (digits: string[]): number => {
  const expected = digits.length / 10
  const counts = new Map<string, number>()
  for (const digit of digits) counts.set(digit, (counts.get(digit) ?? 0) + 1)
  return [...'0123456789'].reduce((sum, digit) => sum + ((counts.get(digit) ?? 0) - expected) ** 2 / expected, 0)
}

t.test('a code is six decimal digits, leading zeros kept', async (t) => {
  t.same(
    codes.filter((code) => !/^[0-9]{6}$/.test(code)),
    [],
  )
  t.ok(
    codes.some((code) => code.startsWith('00')),
    'two leading zeros occur',
  )
})

t.test('a code has the requested number of digits', async (t) => {
  for (const digits of [6, 7, 8]) {
    const others = Array.from({ length: 1_000 }, () => makeCode(digits)).filter(
      (code) => !/^[0-9]+$/.test(code) || code.length !== digits,
    )
    t.same(others, [], `${digits} digits`)
  }
})

t.test('every digit is equally likely at every position', async (t) => {
  for (let position = 0; position < 6; position += 1) {
    const distance = chiSquare(codes.map((code) => code[position]!))
    t.ok(distance < 50, `position ${position}: chi-square ${distance.toFixed(1)}`)
  }
})

t.test('codes rarely repeat and do not depend on Math.random', async (t) => {
  t.intercept(Math, 'random', { value: () => 0.5 })
  const distinct = new Set(Array.from({ length: 1_000 }, () => makeCode(8)))
  t.ok(distinct.size > 990, `${distinct.size} of 1,000`)
})

t.test('makes a new client key of 128 bits each time', async (t) => {
  const keys = Array.from({ length: 1_000 }, makeClientKey)
  t.equal(new Set(keys).size, keys.length)
  t.same(
    keys.filter((key) => !/^[A-Za-z0-9_-]{22}$/.test(key) || Buffer.from(key, 'base64url').length !== 16),
    [],
  )
})

const PEPPER = Buffer.alloc(32, 1)
const CHALLENGE = { challengeId: '0f0e0d0c-0b0a-4908-8706-050403020100', purpose: 'login' as Purpose }
const KEY = 'AAECAwQFBgcICQoLDA0ODw'
const hex = (...input: Parameters<typeof hashCode>) => hashCode(...input).toString('hex')

t.test('the hash of a code has 32 bytes and is the same for the same input', async (t) => {
  t.match(hex(PEPPER, CHALLENGE, KEY, '012345'), /^[0-9a-f]{64}$/)
  t.equal(hex(PEPPER, CHALLENGE, KEY, '012345'), hex(Buffer.from(PEPPER), { ...CHALLENGE }, KEY, '012345'))
})

t.test('the hash depends on the pepper, challenge, purpose, key and code', async (t) => {
  const hashes = [
    hex(PEPPER, CHALLENGE, KEY, '012345'),
    hex(Buffer.alloc(32, 2), CHALLENGE, KEY, '012345'),
    hex(PEPPER, { ...CHALLENGE, challengeId: CHALLENGE.challengeId.replace('0f', '1f') }, KEY, '012345'),
    hex(PEPPER, { ...CHALLENGE, purpose: 'recovery' as string as Purpose }, KEY, '012345'),
    hex(PEPPER, CHALLENGE, KEY.replace('AA', 'AB'), '012345'),
    hex(PEPPER, CHALLENGE, KEY, '012346'),
    hex(PEPPER, CHALLENGE, KEY, '12345'),
  ]
  t.equal(new Set(hashes).size, hashes.length)
})

t.test('moving a character from one input to the next changes the hash', async (t) => {
  const of = (challengeId: string, purpose: string, key: string, code: string) =>
    hex(PEPPER, { challengeId, purpose: purpose as Purpose }, key, code)
  t.not(of('id0', 'login', KEY, '12345'), of('id', '0login', KEY, '12345'))
  t.not(of('id', 'login', `x${KEY}`, '12345'), of('id', 'loginx', KEY, '12345'))
  t.not(of('id', 'login', `${KEY}0`, '12345'), of('id', 'login', KEY, '012345'))
})
