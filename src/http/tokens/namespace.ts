import jwt from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import { isUuid } from '../../core/uuid.ts'
import { Problem } from '../../errors.ts'
import type { KeyAlgorithm } from '../../keys/key-set.ts'
import { CLOCK_SKEW } from '../../keys/rotation.ts'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    namespaces: 'access' | 'pending'
  }
}

/** The rules for every token of one kind, and the keys of that kind. */
export interface TokenKind<K> {
  namespace: 'access' | 'pending'
  /** The header `typ`. It prevents the use of one kind of token as the other (RFC 8725 §3.11). */
  typ: string
  issuer: string
  audience: string
  /** Accepted algorithms. Default: the algorithm of the key's type (RFC 8725 §3.1). */
  algorithms?: ['HS256']
  /** Claims that must be present besides `iss` and `aud`. */
  requiredClaims: readonly string[]
  /** Maximum lifetime, in seconds. */
  maxLife: number
  /** Code of the problem for a genuine token that has expired. */
  expiredProblem: 'invalid_token' | 'challenge_invalid'
  /** Returns the key with the `kid` of a header; undefined if the key does not exist now. */
  findKey: (kid: unknown) => K | undefined
  /** Returns the PEM or the secret that verifies the signatures of a key. */
  verificationKey: (key: K) => string | Buffer
  /** Unix time, ms. */
  now: () => number
}

/** A key that signs: a private key (PEM) or a secret, its algorithm, and its name in headers. */
export interface TokenSigner {
  key: string | Buffer
  alg: KeyAlgorithm | 'HS256'
  kid: string
}

/** The verified claims of a token. */
export interface VerifiedToken<K> {
  claims: Record<string, unknown>
  sub: string
  jti: string
  /** The key that the token was signed with. */
  key: K
}

/** Signs and verifies one kind of token. */
export interface TokenNamespace<K> {
  sign(claims: object, signer: TokenSigner): string
  /** Throws `invalid_token`, or the kind's `expiredProblem` for a genuine token that has expired. */
  verify(token: string): VerifiedToken<K>
}

const isSeconds = (value: unknown): value is number => Number.isSafeInteger(value)

/** Rejects every key lookup. Disables the plug-in's decorators, because they do not check the session in the store. */
const refuse = async (): Promise<never> => {
  throw new Problem('invalid_token')
}

/**
 * Registers @fastify/jwt for one kind of token. The library checks the signature, the type, the issuer and the audience.
 * It skips the check of an absent claim, so the claims are also listed as required. This function checks the types of
 * claims, the lifetime and the age, with the injected clock. Keys are passed with each call, because they can change.
 */
export const createNamespace = async <K>(app: FastifyInstance, kind: TokenKind<K>): Promise<TokenNamespace<K>> => {
  const { namespace, typ, issuer, audience, algorithms, requiredClaims, maxLife, expiredProblem, now } = kind
  await app.register(jwt, {
    namespace,
    secret: { private: refuse, public: refuse },
    decode: { complete: true },
    verify: {
      ...(algorithms && { algorithms }),
      checkTyp: typ,
      allowedIss: issuer,
      allowedAud: audience,
      requiredClaims: ['iss', 'aud', ...requiredClaims],
      ignoreExpiration: true,
    },
  })
  const tokens = app.jwt[namespace]

  const verify = (token: string): VerifiedToken<K> => {
    const at = now()
    const key = kind.findKey(tokens.decode<{ header: Record<string, unknown> }>(token)?.header['kid'])
    if (!key) throw new Problem('invalid_token')
    const claims = tokens.verify<Record<string, unknown>>(token, {
      key: kind.verificationKey(key),
      // For `nbf`, which tokens of this service do not have.
      clockTimestamp: at,
    })
    const { iat, exp, aud, sub, jti } = claims
    const seconds = Math.floor(at / 1000)
    const isLifeValid = isSeconds(iat) && isSeconds(exp) && exp > iat && exp - iat <= maxLife
    if (!isLifeValid || iat > seconds + CLOCK_SKEW || typeof aud !== 'string' || !isUuid(sub) || !isUuid(jti)) {
      throw new Problem('invalid_token')
    }
    if (exp <= seconds) throw new Problem(expiredProblem)
    return { claims, sub, jti, key }
  }

  return {
    sign: (claims, { key, alg, kid }) => tokens.sign(claims, { key, algorithm: alg, header: { alg, typ, kid } }),
    verify(token) {
      try {
        return verify(token)
      } catch (error) {
        throw error instanceof Problem ? error : new Problem('invalid_token', { cause: error })
      }
    },
  }
}
