import { randomUUID } from 'node:crypto'
import jwt from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import type { Tokens, VerifiedPending } from '../core/ports.ts'
import { Problem, type ProblemCode } from '../errors.ts'
import type { SigningKey } from '../keys/key-set.ts'
import type { DerivedSecrets } from '../keys/secrets.ts'

/** What tokens are made with. */
export interface TokenOptions {
  issuer: string
  audience: string
  clientId: string
  /** Seconds an access token lives. */
  accessTtl: number
  /** Seconds a pending token lives at most. */
  pendingTtl: number
  /** The first signs; the others are still accepted. */
  secrets: readonly [DerivedSecrets, ...DerivedSecrets[]]
  keys: readonly [SigningKey, ...SigningKey[]]
  /** Milliseconds since 1970. */
  now: () => number
}

/** The part of @fastify/jwt's namespaces that is used here; its own types do not know them. */
interface Namespace {
  sign(payload: object): string
  verify(token: string): Record<string, unknown>
  decode(token: string): { header: Record<string, unknown> } | null
}

/** Clocks of our instances may differ by this much, in seconds. */
const CLOCK_SKEW = 60

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const CLIENT_KEY = /^[A-Za-z0-9_-]{22}$/

const isSeconds = (value: unknown): value is number => Number.isSafeInteger(value)
const isUuid = (value: unknown): value is string => typeof value === 'string' && UUID.test(value)

/**
 * Both kinds of token, and every check of them. The library is told the one algorithm, type, issuer and audience of
 * each kind (RFC 8725 §3.1, §3.8, §3.11) and the claims that must be there, for it skips the check of a claim that is
 * absent; what it does not look at (types, age, a future `iat`) is checked here. There is no other verifier.
 */
export const createTokens = async (app: FastifyInstance, options: TokenOptions): Promise<Tokens> => {
  const { issuer, audience, clientId, accessTtl, pendingTtl, secrets, keys } = options
  const seconds = () => Math.floor(options.now() / 1000)

  const register = async (namespace: string, key: object): Promise<Namespace> => {
    await app.register(jwt, { namespace, decode: { complete: true }, ...key } as never)
    return (app.jwt as unknown as Record<string, Namespace>)[namespace]!
  }

  const pendingKind = {
    typ: 'pending-2fa+jwt',
    aud: `${issuer}/verify`,
    claims: ['sub', 'jti', 'purpose', 'key', 'iat', 'exp'],
  }
  const accessKind = {
    typ: 'at+jwt',
    aud: audience,
    claims: ['sub', 'client_id', 'jti', 'sid', 'auth_time', 'acr', 'amr', 'iat', 'exp'],
  }
  const verifyOptions = (kind: typeof pendingKind, algorithm: string) => ({
    algorithms: [algorithm],
    checkTyp: kind.typ,
    allowedIss: issuer,
    allowedAud: kind.aud,
    requiredClaims: ['iss', 'aud', ...kind.claims],
    cache: false,
  })

  const pending = new Map<unknown, { namespace: Namespace; pepper: Buffer }>()
  for (const [position, { id, pendingKey, pepper }] of secrets.entries()) {
    const namespace = await register(position === 0 ? 'pending' : `pending-${id}`, {
      secret: pendingKey,
      sign: { algorithm: 'HS256', header: { typ: pendingKind.typ, kid: id } },
      verify: verifyOptions(pendingKind, 'HS256'),
    })
    pending.set(id, { namespace, pepper })
  }
  const access = new Map<unknown, { namespace: Namespace }>()
  for (const [position, { kid, alg, privatePem, publicPem }] of keys.entries()) {
    const namespace = await register(position === 0 ? 'access' : `access-${kid}`, {
      secret: { private: privatePem, public: publicPem },
      sign: { algorithm: alg, header: { typ: accessKind.typ, kid } },
      verify: verifyOptions(accessKind, alg),
    })
    access.set(kid, { namespace })
  }
  const [secret] = secrets
  const signPending = pending.get(secret.id)!.namespace
  const signAccess = access.get(keys[0].kid)!.namespace

  /** Verifies with the key that the header names, of those there are, and judges age by our clock. */
  const verify = <K extends { namespace: Namespace }>(
    kind: Map<unknown, K>,
    token: string,
    { longestLife, expired }: { longestLife: number; expired: ProblemCode },
  ) => {
    try {
      // Which decoder is asked does not matter: it reads the header alone.
      const key = kind.get(signPending.decode(token)?.header['kid'])
      if (!key) throw new Problem('invalid_token')
      const claims = key.namespace.verify(token)
      const { iat, exp, aud, sub, jti } = claims
      const lifeIsSane = isSeconds(iat) && isSeconds(exp) && exp > iat && exp - iat <= longestLife
      if (!lifeIsSane || iat > seconds() + CLOCK_SKEW || typeof aud !== 'string' || !isUuid(sub) || !isUuid(jti)) {
        throw new Problem('invalid_token')
      }
      return { claims, key, sub, jti }
    } catch (error) {
      if ((error as { code?: string }).code === 'FAST_JWT_EXPIRED') throw new Problem(expired)
      throw error instanceof Problem ? error : new Problem('invalid_token', { cause: error })
    }
  }

  return {
    pepper: secret.pepper,

    secretId: secret.id,

    clock: seconds,

    signPending({ userId, challengeId, purpose, key }, expiresIn, iat, secretId = secret.id) {
      const exp = iat + expiresIn
      return (pending.get(secretId)?.namespace ?? signPending).sign({
        iss: issuer,
        aud: pendingKind.aud,
        sub: userId,
        jti: challengeId,
        purpose,
        key,
        iat,
        exp,
      })
    },

    verifyPending(token): VerifiedPending {
      const { claims, key, sub, jti } = verify(pending, token, {
        longestLife: pendingTtl,
        expired: 'challenge_invalid',
      })
      if (claims['purpose'] !== 'login' || typeof claims['key'] !== 'string' || !CLIENT_KEY.test(claims['key'])) {
        throw new Problem('invalid_token')
      }
      return { userId: sub, challengeId: jti, purpose: claims['purpose'], key: claims['key'], pepper: key.pepper }
    },

    signAccess({ userId, amr }) {
      const iat = seconds()
      const token = signAccess.sign({
        iss: issuer,
        aud: audience,
        sub: userId,
        client_id: clientId,
        iat,
        exp: iat + accessTtl,
        jti: randomUUID(),
        sid: randomUUID(),
        auth_time: iat,
        acr: 'aal2',
        amr,
      })
      return { token, expiresIn: accessTtl }
    },

    verifyAccess(token) {
      return { userId: verify(access, token, { longestLife: accessTtl, expired: 'invalid_token' }).sub }
    },
  }
}
