import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Tokens } from '../../core/session/tokens.ts'
import { isUuid } from '../../core/uuid.ts'
import { Problem } from '../../errors.ts'
import type { SigningKey, SigningKeys } from '../../keys/key-set.ts'
import type { Ring } from '../../keys/ring.ts'
import { activeKey } from '../../keys/rotation.ts'
import { createNamespace } from './namespace.ts'

/** The settings of access tokens. */
export interface AccessTokenOptions {
  issuer: string
  audience: string
  clientId: string
  /** Lifetime of an access token, in seconds. */
  accessTtl: number
  /** The signing keys. The active key signs; all keys verify. */
  keys: Ring<SigningKeys>
  /** Unix time, ms. */
  now: () => number
}

type Session = Parameters<Tokens['signAccess']>[0]

/** Creates the signer and verifier of access tokens (RFC 9068). Tokens are verified with the key named in their header. */
export const createAccessTokens = async (
  app: FastifyInstance,
  { issuer, audience, clientId, accessTtl, keys, now }: AccessTokenOptions,
): Promise<Pick<Tokens, 'signAccess' | 'verifyAccess'>> => {
  const namespace = await createNamespace<SigningKey>(app, {
    namespace: 'access',
    typ: 'at+jwt',
    issuer,
    audience,
    requiredClaims: ['sub', 'client_id', 'jti', 'sid', 'auth_time', 'acr', 'amr', 'iat', 'exp'],
    maxLife: accessTtl,
    expiredProblem: 'invalid_token',
    findKey: (kid) => keys.current().find((key) => key.kid === kid),
    verificationKey: ({ publicPem }) => publicPem,
    now,
  })
  const sign = (claims: object, { kid, alg, privatePem }: SigningKey) =>
    namespace.sign(claims, { key: privatePem, alg, kid })
  const claimsOf = ({ userId, sessionId, acr, amr, authTime }: Session) => {
    const iat = Math.floor(now() / 1000)
    return {
      iss: issuer,
      aud: audience,
      sub: userId,
      client_id: clientId,
      iat,
      exp: iat + accessTtl,
      jti: randomUUID(),
      sid: sessionId,
      // The database's clock set `authTime` and may be ahead of this one.
      auth_time: Math.min(authTime, iat),
      acr,
      amr,
    }
  }

  // A key that the library cannot use fails the start instead of each login.
  for (const key of keys.current()) {
    try {
      const probe: Session = { userId: randomUUID(), sessionId: randomUUID(), acr: 'aal1', amr: [], authTime: 0 }
      namespace.verify(sign(claimsOf(probe), key))
    } catch (error) {
      throw new Error(`The signing key ${key.kid} cannot sign tokens that verify.`, { cause: error })
    }
  }

  return {
    signAccess(session) {
      const claims = claimsOf(session)
      return { token: sign(claims, activeKey(keys.current(), claims.iat)), expiresIn: accessTtl }
    },

    verifyAccess(token) {
      const { claims, sub } = namespace.verify(token)
      const { sid } = claims
      if (!isUuid(sid)) throw new Problem('invalid_token')
      return { userId: sub, sessionId: sid }
    },
  }
}
