import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type webcrypto,
} from 'node:crypto'

type JsonWebKey = webcrypto.JsonWebKey

/** The algorithms that access tokens can be signed with. */
export type KeyAlgorithm = 'EdDSA' | 'ES256'

/** A public key as `/.well-known/jwks.json` shows it (RFC 7517 §4). */
export interface PublicJwk {
  kty: string
  crv: string
  x: string
  y?: string
  kid: string
  alg: KeyAlgorithm
  use: 'sig'
}

/** A signing key, ready to use. */
export interface SigningKey {
  kid: string
  alg: KeyAlgorithm
  privatePem: string
  publicPem: string
  publicJwk: PublicJwk
}

/** The JSON of a key file. */
export interface KeySet {
  keys: (PublicJwk & { d: string })[]
}

const CURVES = { EdDSA: { kty: 'OKP', crv: 'Ed25519' }, ES256: { kty: 'EC', crv: 'P-256' } } as const

/** RFC 7638 thumbprint, which makes a key its own name. */
const thumbprint = ({ kty, crv, x, y }: JsonWebKey): string =>
  createHash('sha256')
    .update(JSON.stringify(y === undefined ? { crv, kty, x } : { crv, kty, x, y }))
    .digest('base64url')

/** A key set with one new key. */
export const generateKeySet = (alg: KeyAlgorithm): KeySet => {
  const { privateKey } =
    alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { d, x, y } = privateKey.export({ format: 'jwk' })
  const { kty, crv } = CURVES[alg]
  const shared = { kty, crv, x: x!, ...(y === undefined ? {} : { y }) }
  return { keys: [{ ...shared, d: d!, kid: thumbprint(shared), alg, use: 'sig' }] }
}

const readKey = (jwk: Record<string, unknown>, position: number): SigningKey => {
  const fail = (what: string): never => {
    throw new Error(`key ${position + 1} ${what}`)
  }
  const { kty, crv, alg, kid } = jwk
  if (alg !== 'EdDSA' && alg !== 'ES256') return fail('has no "alg" of EdDSA or ES256')
  if (kty !== CURVES[alg].kty || crv !== CURVES[alg].crv) fail(`is no ${CURVES[alg].crv} key, as ${alg} needs`)
  if (typeof kid !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(kid))
    return fail('has no "kid" of 1 to 64 letters, digits, - and _')
  if (typeof jwk['d'] !== 'string') fail('has no private part "d"')
  try {
    const privateKey = createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' })
    const { x, y } = createPublicKey(privateKey).export({ format: 'jwk' })
    const { d: _, ...publicPart } = jwk as JsonWebKey
    const publicKey = createPublicKey({ key: publicPart, format: 'jwk' })
    // A public part that is not the private one's own would be published and verify nothing.
    const probe = Buffer.from('doorcode')
    const digest = alg === 'EdDSA' ? null : 'sha256'
    if (!verify(digest, probe, publicKey, sign(digest, probe, privateKey)))
      fail('has a public part that is not its own')
    return {
      kid,
      alg,
      privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      publicJwk: { ...CURVES[alg], x: x!, ...(y === undefined ? {} : { y }), kid, alg, use: 'sig' },
    }
  } catch (error) {
    throw error instanceof Error && error.message.startsWith('key ')
      ? error
      : new Error(`key ${position + 1} is damaged`)
  }
}

/**
 * Reads a key set: the first key signs, all of them are published and accepted. Throws an error that says which key is
 * wrong and how, and never shows one.
 */
export const readKeySet = (json: string, alg: KeyAlgorithm): [SigningKey, ...SigningKey[]] => {
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch {
    throw new Error('is not JSON')
  }
  const keys = (parsed as { keys?: unknown } | null)?.keys
  if (!Array.isArray(keys)) throw new Error('has no "keys" list')
  const [first, ...others] = keys.map((key, position) => readKey(key ?? {}, position))
  if (!first) throw new Error('has no key in it')
  if (first.alg !== alg) throw new Error(`key 1 is an ${first.alg} key, but JWT_ALGORITHM is ${alg}`)
  if (new Set(keys.map(({ kid }) => kid)).size !== keys.length) throw new Error('has two keys with the same "kid"')
  return [first, ...others]
}
