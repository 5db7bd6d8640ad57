import { createHmac, hash } from 'node:crypto'
import t from 'tap'
import { createTokenVerifier, isHashOf } from '../../src/providers/receipt-token.ts'

const SECRET = 'test.not-a-real-secret'
const verify = createTokenVerifier(SECRET)

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const sign = (header: object, claims: unknown, algorithm = 'sha256', secret = SECRET) => {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${createHmac(algorithm, secret).update(input).digest('base64url')}`
}

t.test('returns the claims of a signed token of any age; the receipt reader checks the age', async (t) => {
  for (const claims of [{ iat: 1 }, { iat: 1, exp: 2 }, { nbf: 4_000_000_000 }, { nbf: 'soon', exp: null }, {}]) {
    t.same(verify(sign({ alg: 'HS256' }, claims)), claims)
  }
})

t.test('returns no claims for a token signed with any algorithm but HS256', async (t) => {
  for (const [alg, algorithm] of [
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
    ['hs256', 'sha256'],
    ['RS256', 'sha256'],
    ['none', 'sha256'],
    [undefined, 'sha256'],
  ] as const) {
    t.same(verify(sign({ alg }, { iat: 1 }, algorithm)), {}, `${alg}`)
  }
  t.same(verify(`${encode({ alg: 'none' })}.${encode({ iat: 1 })}.`), {}, 'without a signature')
  t.same(verify(sign({ alg: 'HS256', crit: ['b64'], b64: false }, { iat: 1 })), {}, 'with an unknown extension')
})

t.test('returns no claims for malformed text or another secret', async (t) => {
  const token = sign({ alg: 'HS256' }, { iat: 1 })
  const texts = ['', '.', '..', 'a.b.c', `${token}=`, ` ${token}`, `${token}.`, token.slice(0, -1), 'é.é.é']
  for (const text of texts) t.same(verify(text), {}, text)
  t.same(verify(sign({ alg: 'HS256' }, { iat: 1 }, 'sha256', 'test.another-secret')), {}, 'another secret')
  for (const claims of [null, 7, 'text', []]) t.same(verify(sign({ alg: 'HS256' }, claims)), {}, `${claims}`)
})

t.test('uses a secret that looks like a public key as an HMAC secret', async (t) => {
  const secret = '-----BEGIN PUBLIC KEY-----'
  t.same(createTokenVerifier(secret)(sign({ alg: 'HS256' }, { iat: 1 }, 'sha256', secret)), { iat: 1 })
})

t.test('matches a hash claim only in lower-case hexadecimal', async (t) => {
  const digest = hash('sha256', 'body')
  t.ok(isHashOf(digest, 'body'))
  t.ok(isHashOf(digest, Buffer.from('body')))
  for (const claim of [digest.toUpperCase(), digest.slice(1), '', undefined, null, [digest], { length: 64 }])
    t.notOk(isHashOf(claim, 'body'), `${claim}`)
})
