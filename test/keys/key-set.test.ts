import { createHash, createPrivateKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { inspect } from 'node:util'
import t from 'tap'
import { generateKeySet, type KeyAlgorithm, readKeySet, readKeySets } from '../../src/keys/key-set.ts'
import { activeKey } from '../../src/keys/rotation.ts'

const ALGORITHMS: KeyAlgorithm[] = ['EdDSA', 'ES256']

const keyOf = (alg: KeyAlgorithm) => generateKeySet(alg).keys[0]!

/** A file with these keys in it. */
const file = (...keys: unknown[]) => JSON.stringify({ keys })

t.test('a new key set can be read, signs, and is verified with what it publishes', async (t) => {
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

t.test('a published key is public: no private part, and all that RFC 7517 asks for', async (t) => {
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

t.test('members of the file that are nobody’s business are not published', async (t) => {
  const [{ publicJwk }] = readKeySet(file({ ...keyOf('EdDSA'), note: 'private', k: 'private' }), 'EdDSA')
  t.notOk(JSON.stringify(publicJwk).includes('private'))
})

t.test('no new key has a name that a command line takes for an option', async (t) => {
  const kids = Array.from({ length: 300 }, () => keyOf('EdDSA').kid)
  t.same(
    kids.filter((kid) => kid.startsWith('-')),
    [],
  )
})

t.test('each new key is another one, under another name that is its RFC 7638 thumbprint', async (t) => {
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

t.test('without dates the first key of the server’s algorithm signs, and the others are kept', async (t) => {
  const keys = [keyOf('ES256'), keyOf('EdDSA'), keyOf('ES256'), keyOf('EdDSA')]
  t.equal(activeKey(readKeySet(file(...keys), 'EdDSA'), 1).kid, keys[1]!.kid)
  t.equal(activeKey(readKeySet(file(...keys), 'ES256'), 1).kid, keys[0]!.kid)
})

t.test('a key of the other algorithm never signs, however new it is', async (t) => {
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

t.test('several sets are one, and a fault names the set it is in', async (t) => {
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
  t.throws(() => readKeySets([], 'ES256'), { message: 'has no key set in it' })
})

t.test('all keys are kept, in their order, whatever their algorithm', async (t) => {
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
/** What a private key of zeros is for Ed25519, which takes it. */
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
  ['nothing in it', '', 'EdDSA', /^is not JSON$/],
  ['no JSON', `${file(edDsa)},`, 'EdDSA', /^is not JSON$/],
  ['JSON cut short', file(edDsa).slice(0, -10), 'EdDSA', /^is not JSON$/],
  ['a PEM', readKeySet(file(es256), 'ES256')[0].privatePem, 'ES256', /^is not JSON$/],
  ['null', 'null', 'EdDSA', /^has no "keys" list$/],
  ['a key but no set', JSON.stringify(edDsa), 'EdDSA', /^has no "keys" list$/],
  ['keys that are no list', JSON.stringify({ keys: edDsa }), 'EdDSA', /^has no "keys" list$/],
  ['an empty list', file(), 'EdDSA', /^has no key in it$/],
  ['null for a key', file(null), 'EdDSA', /^key 1 has no "alg" of EdDSA or ES256$/],
  ['a string for a key', file(edDsa.d), 'EdDSA', /^key 1 has no "alg" of EdDSA or ES256$/],
  ['an RSA key', file({ ...rsa, kid: 'rsa', alg: 'RS256' }), 'EdDSA', /^key 1 has no "alg" of EdDSA or ES256$/],
  [
    'an RSA key under a false name',
    file({ ...rsa, kid: 'rsa', alg: 'ES256' }),
    'ES256',
    /^key 1 is no P-256 key, as ES256 needs$/,
  ],
  [
    'a key of another curve',
    file({ ...p384, kid: 'p384', alg: 'ES256' }),
    'ES256',
    /^key 1 is no P-256 key, as ES256 needs$/,
  ],
  ['an EC key called EdDSA', file({ ...es256, alg: 'EdDSA' }), 'EdDSA', /^key 1 is no Ed25519 key, as EdDSA needs$/],
  ['a symmetric key', file({ kty: 'oct', k: edDsa.d, kid: 'oct', alg: 'HS256' }), 'EdDSA', /^key 1 has no "alg"/],
  ['a key without an algorithm', file(unlabelled), 'EdDSA', /^key 1 has no "alg" of EdDSA or ES256$/],
  ['a key without a name', file(nameless), 'EdDSA', /^key 1 has no "kid" of 1 to 64 letters, digits, - and _$/],
  ['a name that is no header value', file({ ...edDsa, kid: 'a\r\nb' }), 'EdDSA', /^key 1 has no "kid"/],
  ['a name of 65 letters', file({ ...edDsa, kid: 'a'.repeat(65) }), 'EdDSA', /^key 1 has no "kid"/],
  ['a number for a name', file({ ...edDsa, kid: 7 }), 'EdDSA', /^key 1 has no "kid"/],
  ['a public key', file(edDsaPublic), 'EdDSA', /^key 1 has no private part "d"$/],
  ['a public key', file(es256Public), 'ES256', /^key 1 has no private part "d"$/],
  [
    'another key’s public part',
    file({ ...edDsa, x: keyOf('EdDSA').x }),
    'EdDSA',
    /^key 1 (?:has a public part that is not its own|is damaged)$/,
  ],
  [
    'another key’s public part',
    file({ ...es256, x: es256.y!, y: es256.x }),
    'ES256',
    /^key 1 (?:has a public part that is not its own|is damaged)$/,
  ],
  [
    'another key’s private part',
    file({ ...es256, d: keyOf('ES256').d }),
    'ES256',
    /^key 1 (?:has a public part that is not its own|is damaged)$/,
  ],
  ['half a public part', file(halfPublic), 'EdDSA', /^key 1 is damaged$/],
  ['a private part that is too short', file({ ...edDsa, d: edDsa.d.slice(0, 20) }), 'EdDSA', /^key 1 is damaged$/],
  ['a private part that is no base64url', file({ ...edDsa, d: '!' }), 'EdDSA', /^key 1 is damaged$/],
  ['a bad second key', file(edDsa, edDsaPublic), 'EdDSA', /^key 2 has no private part "d"$/],
  [
    'one name for two keys',
    file(edDsa, { ...keyOf('EdDSA'), kid: edDsa.kid }),
    'EdDSA',
    /^has two keys with the same "kid"$/,
  ],
  ['the same key twice', file(edDsa, edDsa), 'EdDSA', /^has two keys with the same "kid"$/],
  ['keys of the other algorithm alone', file(es256), 'EdDSA', /^has no EdDSA key, and JWT_ALGORITHM is EdDSA$/],
  ['keys of the other algorithm alone', file(edDsa), 'ES256', /^has no ES256 key, and JWT_ALGORITHM is ES256$/],
  ['a key of bitcoin’s curve', file({ ...k256, kid: 'k256', alg: 'ES256' }), 'ES256', /^key 1 is no P-256 key/],
  ['a key of bitcoin’s curve', file({ ...k256, kid: 'k256', alg: 'ES256K' }), 'ES256', /^key 1 has no "alg"/],
  [
    'a symmetric key under a false name',
    file({ kty: 'oct', k: edDsa.d, kid: 'oct', alg: 'EdDSA' }),
    'EdDSA',
    /^key 1 is no Ed25519 key, as EdDSA needs$/,
  ],
  ['a key of zeros', file({ ...edDsa, ...zeros }), 'EdDSA', /^key 1 has a private part that is not random$/],
  [
    'a private part of zeros',
    file({ ...es256, d: Buffer.alloc(32).toString('base64url') }),
    'ES256',
    /^key 1 has a private part that is not random$/,
  ],
  ['a private part of one byte', file({ ...es256, d: 'AQ' }), 'ES256', /^key 1 has a private part that is not random$/],
  ['a moment in words', file({ ...edDsa, nbf: 'tomorrow' }), 'EdDSA', /^key 1 has an "nbf" that is no Unix time$/],
  ['a moment in parts of a second', file({ ...edDsa, nbf: 1.5 }), 'EdDSA', /^key 1 has an "nbf" that is no Unix time$/],
  ['a moment before time', file({ ...edDsa, nbf: -1 }), 'EdDSA', /^key 1 has an "nbf" that is no Unix time$/],
]

/** Every run of 12 characters of what is in a private key. */
const material = [edDsa.d, es256.d, edDsa.x, es256.x, es256.y!, rsa.d!, rsa.n!, p384.d!].flatMap((part) =>
  Array.from({ length: part.length - 11 }, (_, start) => part.slice(start, start + 12)),
)

for (const [what, json, alg, message] of BAD) {
  t.test(`a file with ${what} is refused for ${alg}, and the error says so without showing it`, async (t) => {
    const error = t.throws(() => readKeySet(json, alg), { message })
    const shown = inspect(error, { depth: 9, showHidden: true })
    t.same(
      material.filter((run) => shown.includes(run)),
      [],
    )
  })
}
