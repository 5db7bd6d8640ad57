import { createHash, createPrivateKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { inspect } from 'node:util'
import t from 'tap'
import { generateKeySet, type KeyAlgorithm, readKeySet, readKeySets } from '../../src/keys/key-set.ts'
import { activeKey } from '../../src/keys/rotation.ts'

const ALGORITHMS: KeyAlgorithm[] = ['EdDSA', 'ES256']

const keyOf = (alg: KeyAlgorithm) => generateKeySet(alg).keys[0]!

/** Returns the text of a file with these keys. */
const file = (...keys: unknown[]) => JSON.stringify({ keys })

t.test('a new key set signs, and its published key verifies the signature', async (t) => {
  for (const alg of ALGORITHMS) {
    const [key, ...others] = readKeySet(JSON.stringify(generateKeySet(alg)), alg)
    t.same(others, [])
    const digest = alg === 'EdDSA' ? null : 'sha256'
    const message = Buffer.from('message')
    const signature = sign(digest, message, key.privatePem)
    t.ok(verify(digest, message, key.publicPem, signature), `${alg}: the PEM`)
    t.ok(verify(digest, message, { key: key.publicJwk as never, format: 'jwk' }, signature), `${alg}: the JWK`)
    t.equal(key.alg, alg)
  }
})

t.test('a published key has the members of RFC 7517 and no private part', async (t) => {
  for (const alg of ALGORITHMS) {
    const generated = keyOf(alg)
    const [{ publicJwk, publicPem }] = readKeySet(file(generated), alg)
    t.same(
      Object.keys(publicJwk).sort(),
      ['kty', 'crv', 'x', ...(alg === 'ES256' ? ['y'] : []), 'kid', 'alg', 'use'].sort(),
    )
    t.match(publicJwk, { kid: generated.kid, alg, use: 'sig' })
    t.notOk(JSON.stringify(publicJwk).includes(generated.d))
    t.match(publicPem, /^-----BEGIN PUBLIC KEY-----/)
  }
})

t.test('publishes no other members of the file', async (t) => {
  const [{ publicJwk }] = readKeySet(file({ ...keyOf('EdDSA'), note: 'private', k: 'private' }), 'EdDSA')
  t.notOk(JSON.stringify(publicJwk).includes('private'))
})

t.test('the id of a new key never starts with a hyphen, which a command line takes for an option', async (t) => {
  const kids = Array.from({ length: 300 }, () => keyOf('EdDSA').kid)
  t.same(
    kids.filter((kid) => kid.startsWith('-')),
    [],
  )
})

t.test('each new key is different, and its id is its RFC 7638 thumbprint', async (t) => {
  for (const alg of ALGORITHMS) {
    const keys = Array.from({ length: 20 }, () => keyOf(alg))
    t.equal(new Set(keys.map(({ d }) => d)).size, 20)
    t.equal(new Set(keys.map(({ kid }) => kid)).size, 20)
    for (const { kid, crv, kty, x, y } of keys) {
      const members = alg === 'EdDSA' ? { crv, kty, x } : { crv, kty, x, y }
      t.equal(kid, createHash('sha256').update(JSON.stringify(members)).digest('base64url'))
    }
  }
})

t.test('without dates, the first key of the server’s algorithm signs', async (t) => {
  const keys = [keyOf('ES256'), keyOf('EdDSA'), keyOf('ES256'), keyOf('EdDSA')]
  t.equal(activeKey(readKeySet(file(...keys), 'EdDSA'), 1).kid, keys[1]!.kid)
  t.equal(activeKey(readKeySet(file(...keys), 'ES256'), 1).kid, keys[0]!.kid)
})

t.test('a key of the other algorithm never signs, even if it is newer', async (t) => {
  const other = { ...keyOf('ES256'), nbf: 100 }
  const [ours, later] = [keyOf('EdDSA'), { ...keyOf('EdDSA'), nbf: 200 }]
  const keys = readKeySet(file(other, ours, later), 'EdDSA')
  for (const [now, { kid }] of [
    [150, ours],
    [250, later],
  ] as const) {
    t.equal(activeKey(keys, now).kid, kid)
  }
})

t.test('merges several sets, and an error names the set with the fault', async (t) => {
  const [one, two] = [keyOf('EdDSA'), keyOf('ES256')]
  const sources = [
    { name: 'a.json', text: file(one) },
    { name: 'b.json', text: file(two) },
  ]
  t.same(
    readKeySets(sources, 'ES256').map(({ kid }) => kid),
    [one.kid, two.kid],
  )
  const broken = [...sources, { name: 'c.json', text: file(keyOf('EdDSA'), { ...keyOf('EdDSA'), d: 'AQID' }) }]
  t.throws(() => readKeySets(broken, 'ES256'), { message: 'c.json key 2 is damaged' })
  const twice = [...sources, { name: 'c.json', text: file(one) }]
  t.throws(() => readKeySets(twice, 'ES256'), { message: 'has two keys with the same "kid"' })
  t.throws(() => readKeySets([], 'ES256'), { message: 'contains no key set' })
})

t.test('keeps all keys of all algorithms in their order', async (t) => {
  const keys = [keyOf('EdDSA'), keyOf('ES256'), keyOf('EdDSA')]
  t.same(
    readKeySet(file(...keys), 'EdDSA').map(({ kid }) => kid),
    keys.map(({ kid }) => kid),
  )
})

const edDsa = keyOf('EdDSA')
const es256 = keyOf('ES256')
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey.export({ format: 'jwk' })
const k256 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey.export({ format: 'jwk' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'jwk' })
/** A private key of zeros, which Ed25519 accepts. */
const zeros = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32)]),
  format: 'der',
  type: 'pkcs8',
}).export({ format: 'jwk' })
const { d: _noEdDsaD, ...edDsaPublic } = edDsa
const { d: _noEs256D, ...es256Public } = es256
const { kid: _noKid, ...nameless } = edDsa
const { alg: _noAlg, ...unlabelled } = edDsa
const { x: _noX, ...halfPublic } = edDsa

const BAD: [what: string, json: string, alg: KeyAlgorithm, message: RegExp][] = [
  ['no content', '', 'EdDSA', /^is not JSON$/],
  ['a comma after the JSON', `${file(edDsa)},`, 'EdDSA', /^is not JSON$/],
  ['JSON cut short', file(edDsa).slice(0, -10), 'EdDSA', /^is not JSON$/],
  ['a PEM', readKeySet(file(es256), 'ES256')[0].privatePem, 'ES256', /^is not JSON$/],
  ['null', 'null', 'EdDSA', /^has no "keys" list$/],
  ['a key instead of a set', JSON.stringify(edDsa), 'EdDSA', /^has no "keys" list$/],
  ['an object instead of a list', JSON.stringify({ keys: edDsa }), 'EdDSA', /^has no "keys" list$/],
  ['an empty list', file(), 'EdDSA', /^contains no key$/],
  ['null for a key', file(null), 'EdDSA', /^key 1 has no "alg" of EdDSA or ES256$/],
  ['a string for a key', file(edDsa.d), 'EdDSA', /^key 1 has no "alg" of EdDSA or ES256$/],
  ['an RSA key', file({ ...rsa, kid: 'rsa', alg: 'RS256' }), 'EdDSA', /^key 1 has no "alg" of EdDSA or ES256$/],
  [
    'an RSA key labeled ES256',
    file({ ...rsa, kid: 'rsa', alg: 'ES256' }),
    'ES256',
    /^key 1 needs "kty" EC and "crv" P-256, as its "alg" is ES256$/,
  ],
  [
    'a key of another curve',
    file({ ...p384, kid: 'p384', alg: 'ES256' }),
    'ES256',
    /^key 1 needs "kty" EC and "crv" P-256, as its "alg" is ES256$/,
  ],
  [
    'an EC key labeled EdDSA',
    file({ ...es256, alg: 'EdDSA' }),
    'EdDSA',
    /^key 1 needs "kty" OKP and "crv" Ed25519, as its "alg" is EdDSA$/,
  ],
  ['a symmetric key', file({ kty: 'oct', k: edDsa.d, kid: 'oct', alg: 'HS256' }), 'EdDSA', /^key 1 has no "alg"/],
  ['a key without an algorithm', file(unlabelled), 'EdDSA', /^key 1 has no "alg" of EdDSA or ES256$/],
  ['a key without an id', file(nameless), 'EdDSA', /^key 1 has no "kid" of 1 to 64 letters, digits, - and _$/],
  ['an id that is not a header value', file({ ...edDsa, kid: 'a\r\nb' }), 'EdDSA', /^key 1 has no "kid"/],
  ['an id of 65 letters', file({ ...edDsa, kid: 'a'.repeat(65) }), 'EdDSA', /^key 1 has no "kid"/],
  ['a number for an id', file({ ...edDsa, kid: 7 }), 'EdDSA', /^key 1 has no "kid"/],
  ['a public key', file(edDsaPublic), 'EdDSA', /^key 1 has no private part "d"$/],
  ['a public key', file(es256Public), 'ES256', /^key 1 has no private part "d"$/],
  [
    'another key’s public part',
    file({ ...edDsa, x: keyOf('EdDSA').x }),
    'EdDSA',
    /^key 1 (?:has a public part that does not match its private part|is damaged)$/,
  ],
  [
    'another key’s public part',
    file({ ...es256, x: es256.y!, y: es256.x }),
    'ES256',
    /^key 1 (?:has a public part that does not match its private part|is damaged)$/,
  ],
  [
    'another key’s private part',
    file({ ...es256, d: keyOf('ES256').d }),
    'ES256',
    /^key 1 (?:has a public part that does not match its private part|is damaged)$/,
  ],
  ['half of a public part', file(halfPublic), 'EdDSA', /^key 1 is damaged$/],
  ['a private part that is too short', file({ ...edDsa, d: edDsa.d.slice(0, 20) }), 'EdDSA', /^key 1 is damaged$/],
  ['a private part that is not base64url', file({ ...edDsa, d: '!' }), 'EdDSA', /^key 1 is damaged$/],
  ['a bad second key', file(edDsa, edDsaPublic), 'EdDSA', /^key 2 has no private part "d"$/],
  [
    'one id for two keys',
    file(edDsa, { ...keyOf('EdDSA'), kid: edDsa.kid }),
    'EdDSA',
    /^has two keys with the same "kid"$/,
  ],
  ['the same key twice', file(edDsa, edDsa), 'EdDSA', /^has two keys with the same "kid"$/],
  ['only keys of the other algorithm', file(es256), 'EdDSA', /^has no EdDSA key, and JWT_ALGORITHM is EdDSA$/],
  ['only keys of the other algorithm', file(edDsa), 'ES256', /^has no ES256 key, and JWT_ALGORITHM is ES256$/],
  [
    'a key of bitcoin’s curve',
    file({ ...k256, kid: 'k256', alg: 'ES256' }),
    'ES256',
    /^key 1 needs "kty" EC and "crv" P-256/,
  ],
  ['a key of bitcoin’s curve', file({ ...k256, kid: 'k256', alg: 'ES256K' }), 'ES256', /^key 1 has no "alg"/],
  [
    'a symmetric key labeled EdDSA',
    file({ kty: 'oct', k: edDsa.d, kid: 'oct', alg: 'EdDSA' }),
    'EdDSA',
    /^key 1 needs "kty" OKP and "crv" Ed25519, as its "alg" is EdDSA$/,
  ],
  ['a key of zeros', file({ ...edDsa, ...zeros }), 'EdDSA', /^key 1 has a private part that is not random$/],
  [
    'a private part of zeros',
    file({ ...es256, d: Buffer.alloc(32).toString('base64url') }),
    'ES256',
    /^key 1 has a private part that is not random$/,
  ],
  ['a private part of one byte', file({ ...es256, d: 'AQ' }), 'ES256', /^key 1 has a private part that is not random$/],
  ['an nbf in words', file({ ...edDsa, nbf: 'tomorrow' }), 'EdDSA', /^key 1 has an "nbf" that is not a Unix time$/],
  [
    'an nbf with a fraction of a second',
    file({ ...edDsa, nbf: 1.5 }),
    'EdDSA',
    /^key 1 has an "nbf" that is not a Unix time$/,
  ],
  ['an nbf before 1970', file({ ...edDsa, nbf: -1 }), 'EdDSA', /^key 1 has an "nbf" that is not a Unix time$/],
]

/** Every run of 12 characters of the key material. */
const material = [edDsa.d, es256.d, edDsa.x, es256.x, es256.y!, rsa.d!, rsa.n!, p384.d!].flatMap((part) =>
  Array.from({ length: part.length - 11 }, (_, start) => part.slice(start, start + 12)),
)

for (const [what, json, alg, message] of BAD) {
  t.test(`refuses a file with ${what} for ${alg}, with an error that shows no key material`, async (t) => {
    const error = t.throws(() => readKeySet(json, alg), { message })
    const shown = inspect(error, { depth: 9, showHidden: true })
    t.same(
      material.filter((run) => shown.includes(run)),
      [],
    )
  })
}
