import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose'

/** The error of a refused request: its status, and the value of `WWW-Authenticate` for a 401. */
export class Refused extends Error {
  readonly status: number
  readonly challenge: string | undefined
  constructor(status: number, challenge?: string) {
    super(challenge ?? 'the keys cannot be had')
    this.status = status
    this.challenge = challenge
  }
}

/** The issuer whose tokens are accepted, and the audience they must have. */
export interface AccessOptions {
  issuer: string
  audience: string
  /** Returns the Unix time in ms. */
  now?: () => number
}

/** Returns the claims of the token in an Authorization header. Throws `Refused`. */
export const createAccess = ({ issuer, audience, now = Date.now }: AccessOptions) => {
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`), { cacheMaxAge: 300_000 })
  return async (authorization = ''): Promise<JWTPayload> => {
    const [, token] = /^Bearer +([\w.-]+)$/i.exec(authorization) ?? []
    if (!token) throw new Refused(401, 'Bearer')
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ['EdDSA'],
        typ: 'at+jwt',
        issuer,
        audience,
        clockTolerance: 30,
        currentDate: new Date(now()),
        requiredClaims: ['sub', 'client_id', 'iat', 'exp', 'jti', 'sid', 'auth_time', 'acr', 'amr'],
      })
      return payload
    } catch (error) {
      const isToken =
        error instanceof errors.JOSEError && !/^ERR_JWKS_(?!NO_MATCHING_KEY)|^ERR_JOSE_GENERIC$/.test(error.code)
      throw isToken ? new Refused(401, 'Bearer error="invalid_token"') : new Refused(503)
    }
  }
}
