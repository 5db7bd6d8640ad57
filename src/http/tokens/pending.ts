import type { FastifyInstance } from 'fastify'
import type { Tokens } from '../../core/session/tokens.ts'
import { PURPOSES } from '../../core/terms.ts'
import { Problem } from '../../errors.ts'
import type { Ring } from '../../keys/ring.ts'
import { activeKey } from '../../keys/rotation.ts'
import type { DatedSecrets, Secrets } from '../../keys/secrets.ts'
import { createNamespace } from './namespace.ts'

/** The settings of pending tokens. */
export interface PendingTokenOptions {
  issuer: string
  /** Maximum lifetime of a pending token, in seconds. */
  pendingTtl: number
  /** The secrets. The active secret signs; all secrets verify. */
  secrets: Ring<Secrets>
  /** Unix time, ms. */
  now: () => number
}

/** The client's half of the code's key: 128 bits, base64url. */
const CLIENT_KEY = /^[A-Za-z0-9_-]{22}$/

/**
 * Creates the signer and verifier of pending tokens. They are signed with HS256 (RFC 7518 §3.2), because only this
 * service reads them. The key is derived from the secret named in their header.
 */
export const createPendingTokens = async (
  app: FastifyInstance,
  { issuer, pendingTtl, secrets, now }: PendingTokenOptions,
): Promise<Pick<Tokens, 'signPending' | 'verifyPending'>> => {
  const audience = `${issuer}/verify`
  const findSecret = (name: unknown) => secrets.current().find(({ id }) => id === name)
  const namespace = await createNamespace<DatedSecrets>(app, {
    namespace: 'pending',
    typ: 'pending-2fa+jwt',
    issuer,
    audience,
    algorithms: ['HS256'],
    requiredClaims: ['sub', 'jti', 'purpose', 'key', 'iat', 'exp'],
    maxLife: pendingTtl,
    expiredProblem: 'challenge_invalid',
    findKey: findSecret,
    verificationKey: ({ pendingKey }) => pendingKey,
    now,
  })

  return {
    signPending({ userId, challengeId, purpose, factor, key }, expiresIn, iat, secretId) {
      const { id, pendingKey } = findSecret(secretId) ?? activeKey(secrets.current(), Math.floor(now() / 1000))
      const claims = {
        iss: issuer,
        aud: audience,
        sub: userId,
        jti: challengeId,
        purpose,
        ...(factor !== undefined && { factor }),
        key,
        iat,
        exp: iat + expiresIn,
      }
      return namespace.sign(claims, { key: pendingKey, alg: 'HS256', kid: id })
    },

    verifyPending(token) {
      const { claims, sub, jti, key: secret } = namespace.verify(token)
      const purpose = PURPOSES.find((one) => one === claims['purpose'])
      const { key, factor } = claims
      if (!purpose || typeof key !== 'string' || !CLIENT_KEY.test(key)) throw new Problem('invalid_token')
      return {
        userId: sub,
        challengeId: jti,
        purpose,
        ...(typeof factor === 'string' && { factor }),
        key,
        pepper: secret.pepper,
      }
    },
  }
}
