import { randomUUID } from 'node:crypto'
import { createDecoder, createSigner, createVerifier } from 'fast-jwt'
import type { Tokens, VerifiedPending } from '../core/session/tokens.ts'
import { PURPOSES } from '../core/terms.ts'
import { Problem } from '../errors.ts'
import type { KeyAlgorithm, SigningKeys } from '../keys/key-set.ts'
import type { Ring } from '../keys/ring.ts'
import { activeKey, CLOCK_SKEW, type Dated } from '../keys/rotation.ts'
import type { Secrets } from '../keys/secrets.ts'

/** What tokens are made with. */
export interface TokenOptions {
  issuer: string
  audience: string
  clientId: string
  /** Seconds an access token lives. */
  accessTtl: number
  /** Seconds a pending token lives at most. */
  pendingTtl: number
  /** The one in force signs; the others are accepted as well. */
  secrets: Ring<Secrets>
  keys: Ring<SigningKeys>
  /** Milliseconds since 1970. */
  now: () => number
}

/** What one key can do. */
interface Signer extends Dated {
  sign(payload: object): string
  verify(token: string): Record<string, unknown>
}

const decode = createDecoder({ complete: true }) as (token: string) => { header: Record<string, unknown> }

/** What is made of each set once, by the id that headers name its members with. */
const byId = <M extends { from: number }, V extends Dated>(
  ring: Ring<readonly [M, ...M[]]>,
  build: (member: M) => [id: string, V],
) => {
  type Built = { all: ReadonlyMap<unknown, V>; list: readonly [V, ...V[]] }
  let set: readonly [M, ...M[]] | undefined
  let built: Built | undefined
  return (): Built => {
    const current = ring.current()
    if (built && set === current) return built
    const entries = current.map(build)
    set = current
    built = { all: new Map(entries), list: entries.map(([, one]) => one) as never }
    return built
  }
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const CLIENT_KEY = /^[A-Za-z0-9_-]{22}$/

const isSeconds = (value: unknown): value is number => Number.isSafeInteger(value)
const isUuid = (value: unknown): value is string => typeof value === 'string' && UUID.test(value)

/**
 * Both kinds of token, and every check of them. The library is told the one algorithm, type, issuer and audience of
 * each kind (RFC 8725 §3.1, §3.8, §3.11) and the claims that must be there, for it skips the check of a claim that is
 * absent; what it does not look at (types, age, the end, a future `iat`) is checked here. There is no other verifier.
 */
export const createTokens = (options: TokenOptions): Tokens => {
  const { issuer, audience, clientId, accessTtl, pendingTtl } = options
  const seconds = () => Math.floor(options.now() / 1000)

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
  /** Signs and verifies one kind of token with one key, and by no other algorithm than its own. */
  const signerOf = (
    kind: typeof pendingKind,
    {
      kid,
      alg,
      secret,
      open = secret,
    }: { kid: string; alg: KeyAlgorithm | 'HS256'; secret: string | Buffer; open?: string | Buffer },
  ) => ({
    sign: createSigner({ key: secret, algorithm: alg, header: { alg, typ: kind.typ, kid } }),
    verify: createVerifier({
      key: open,
      algorithms: [alg],
      checkTyp: kind.typ,
      allowedIss: issuer,
      allowedAud: kind.aud,
      requiredClaims: ['iss', 'aud', ...kind.claims],
      // By the clock that we were given, which the library does not know.
      ignoreExpiration: true,
      cache: false,
    }),
  })
  const pending = byId(options.secrets, ({ id, from, pendingKey, pepper, successorKey }) => [
    id,
    { id, from, pepper, successorKey, ...signerOf(pendingKind, { kid: id, alg: 'HS256', secret: pendingKey }) },
  ])
  const access = byId(options.keys, ({ kid, alg, from, privatePem, publicPem }) => [
    kid,
    { from, ...signerOf(accessKind, { kid, alg, secret: privatePem, open: publicPem }) },
  ])
  // A key that cannot sign must be found out now.
  pending()
  access()

  /** Verifies with the key that the header names, of those there are, and judges age by our clock. */
  const verify = <K extends Signer>(
    kind: ReadonlyMap<unknown, K>,
    token: string,
    { longestLife, expired }: { longestLife: number; expired: 'invalid_token' | 'challenge_invalid' },
  ) => {
    try {
      const key = kind.get(decode(token).header['kid'])
      if (!key) throw new Problem('invalid_token')
      const claims = key.verify(token)
      const { iat, exp, aud, sub, jti } = claims
      const lifeIsSane = isSeconds(iat) && isSeconds(exp) && exp > iat && exp - iat <= longestLife
      if (!lifeIsSane || iat > seconds() + CLOCK_SKEW || typeof aud !== 'string' || !isUuid(sub) || !isUuid(jti)) {
        throw new Problem('invalid_token')
      }
      if (exp <= seconds()) throw new Problem(expired)
      return { claims, key, sub, jti }
    } catch (error) {
      throw error instanceof Problem ? error : new Problem('invalid_token', { cause: error })
    }
  }

  return {
    secret() {
      const { id, pepper } = activeKey(pending().list, seconds())
      return { id, pepper }
    },

    successorKeys() {
      const { list } = pending()
      const current = activeKey(list, seconds())
      return [current, ...list.filter((one) => one !== current)].map(({ successorKey }) => successorKey)
    },

    clock: seconds,

    signPending({ userId, challengeId, purpose, key }, expiresIn, iat, secretId) {
      const exp = iat + expiresIn
      const { all, list } = pending()
      return (all.get(secretId) ?? activeKey(list, seconds())).sign({
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
      const { claims, key, sub, jti } = verify(pending().all, token, {
        longestLife: pendingTtl,
        expired: 'challenge_invalid',
      })
      const purpose = PURPOSES.find((one) => one === claims['purpose'])
      if (!purpose || typeof claims['key'] !== 'string' || !CLIENT_KEY.test(claims['key'])) {
        throw new Problem('invalid_token')
      }
      return { userId: sub, challengeId: jti, purpose, key: claims['key'], pepper: key.pepper }
    },

    signAccess({ userId, sessionId, acr, amr, authTime }) {
      const iat = seconds()
      const token = activeKey(access().list, iat).sign({
        iss: issuer,
        aud: audience,
        sub: userId,
        client_id: clientId,
        iat,
        exp: iat + accessTtl,
        jti: randomUUID(),
        sid: sessionId,
        // By the database's clock, which may be ahead of ours.
        auth_time: Math.min(authTime, iat),
        acr,
        amr,
      })
      return { token, expiresIn: accessTtl }
    },

    verifyAccess(token) {
      const { claims, sub } = verify(access().all, token, { longestLife: accessTtl, expired: 'invalid_token' })
      const { sid } = claims
      if (!isUuid(sid)) throw new Problem('invalid_token')
      return { userId: sub, sessionId: sid }
    },
  }
}
