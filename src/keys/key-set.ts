import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type webcrypto,
} from 'node:crypto'
import type { Dated } from './rotation.ts'

type JsonWebKey = webcrypto.JsonWebKey

/** The algorithms that sign access tokens. */
export type KeyAlgorithm = 'EdDSA' | 'ES256'

/** A public key, as `/.well-known/jwks.json` publishes it (RFC 7517 §4). */
export interface PublicJwk {
  kty: string
  crv: string
  x: string
  y?: string
  kid: string
  alg: KeyAlgorithm
  use: 'sig'
}

/** A signing key, ready to use. A key of another algorithm than the server's never signs: its `from` is infinite. */
export interface SigningKey extends Dated {
  kid: string
  alg: KeyAlgorithm
  privatePem: string
  publicPem: string
  publicJwk: PublicJwk
}

/** All keys of a server. Each is published and accepted; the active one signs. */
export type SigningKeys = readonly [SigningKey, ...SigningKey[]]

/** A key, as a key file stores it. */
export interface StoredKey extends PublicJwk {
  d: string
  /** The time at which it was made, in Unix seconds. */
  iat?: number
  /** The time from which it may sign, in Unix seconds; undefined for a key that always might. */
  nbf?: number
}

/** The JSON of a key file. */
export interface KeySet {
  keys: StoredKey[]
}

/** A text with keys or secrets, and its name for error messages. */
export interface Source {
  name: string
  text: string
}

const CURVES = { EdDSA: { kty: 'OKP', crv: 'Ed25519' }, ES256: { kty: 'EC', crv: 'P-256' } } as const

/** Returns the RFC 7638 thumbprint, which serves as the key's id. */
const thumbprint = ({ kty, crv, x, y }: JsonWebKey): string =>
  createHash('sha256')
    .update(JSON.stringify(y === undefined ? { crv, kty, x } : { crv, kty, x, y }))
    .digest('base64url')

/** Makes a key set with one new key, which may sign from `nbf` on. */
export const generateKeySet = (alg: KeyAlgorithm, dates: { iat?: number; nbf?: number } = {}): KeySet => {
  const { privateKey } =
    alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { d, x, y } = privateKey.export({ format: 'jwk' })
  const { kty, crv } = CURVES[alg]
  const shared = { kty, crv, x: x!, ...(y === undefined ? {} : { y }) }
  const kid = thumbprint(shared)
  // Such an id would look like an option on a command line.
  if (kid.startsWith('-')) return generateKeySet(alg, dates)
  return { keys: [{ ...shared, d: d!, kid, alg, use: 'sig', ...dates }] }
}

/** Returns true when all bytes are equal: a broken tool left them instead of random ones. */
const isBlank = (d: string): boolean => new Set(Buffer.from(d, 'base64url')).size === 1

const readKey = (jwk: Record<string, unknown>, position: number): SigningKey => {
  const fail = (what: string): never => {
    throw new Error(`key ${position + 1} ${what}`)
  }
  const { kty, crv, alg, kid } = jwk
  if (alg !== 'EdDSA' && alg !== 'ES256') return fail('has no "alg" of EdDSA or ES256')
  if (kty !== CURVES[alg].kty || crv !== CURVES[alg].crv)
    return fail(`needs "kty" ${CURVES[alg].kty} and "crv" ${CURVES[alg].crv}, as its "alg" is ${alg}`)
  if (typeof kid !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(kid))
    return fail('has no "kid" of 1 to 64 letters, digits, - and _')
  if (typeof jwk['d'] !== 'string') return fail('has no private part "d"')
  if (isBlank(jwk['d'])) fail('has a private part that is not random')
  const nbf = jwk['nbf'] ?? 0
  if (typeof nbf !== 'number' || !Number.isSafeInteger(nbf) || nbf < 0)
    return fail('has an "nbf" that is not a Unix time')
  try {
    const privateKey = createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' })
    const { x, y } = createPublicKey(privateKey).export({ format: 'jwk' })
    const { d: _, ...publicPart } = jwk as JsonWebKey
    const publicKey = createPublicKey({ key: publicPart, format: 'jwk' })
    // A public part of another key would be published, and tokens could not be verified with it.
    const probe = Buffer.from('doorcode')
    const digest = alg === 'EdDSA' ? null : 'sha256'
    if (!verify(digest, probe, publicKey, sign(digest, probe, privateKey)))
      fail('has a public part that does not match its private part')
    return {
      kid,
      alg,
      from: nbf,
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

const readSource = (json: string): SigningKey[] => {
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch {
    throw new Error('is not JSON')
  }
  const keys = (parsed as { keys?: unknown } | null)?.keys
  if (!Array.isArray(keys)) throw new Error('has no "keys" list')
  if (keys.length === 0) throw new Error('contains no key')
  return keys.map((key, position) => readKey(key ?? {}, position))
}

/** Reads key sets and combines them. Throws an error that names the faulty key and its fault, and never shows a key. */
export const readEveryKey = (sources: readonly Source[]): SigningKeys => {
  const keys = sources.flatMap(({ name, text }) => {
    try {
      return readSource(text)
    } catch (error) {
      throw sources.length > 1 ? new Error(`${name} ${(error as Error).message}`) : error
    }
  })
  const [first, ...others] = keys
  if (!first) throw new Error('contains no key set')
  if (new Set(keys.map(({ kid }) => kid)).size !== keys.length) throw new Error('has two keys with the same "kid"')
  return [first, ...others]
}

/**
 * Reads key sets for a server that signs with `alg`. All keys are published and accepted; of those with this algorithm
 * the active one signs. Throws as `readEveryKey` does, and when no key has this algorithm.
 */
export const readKeySets = (sources: readonly Source[], alg: KeyAlgorithm): SigningKeys => {
  const keys = readEveryKey(sources)
  if (keys.every((key) => key.alg !== alg)) throw new Error(`has no ${alg} key, and JWT_ALGORITHM is ${alg}`)
  const ofServer = (key: SigningKey) => (key.alg === alg ? key : { ...key, from: Number.POSITIVE_INFINITY })
  const [first, ...others] = keys
  return [ofServer(first), ...others.map(ofServer)]
}

/** Reads one key set, as `readKeySets` does. */
export const readKeySet = (text: string, alg: KeyAlgorithm): SigningKeys => readKeySets([{ name: 'it', text }], alg)
