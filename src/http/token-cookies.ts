import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'

/** The tokens that a browser may keep where no script reads them. */
export type CookieToken = 'refresh' | 'device'

/** Where long-lived tokens travel: in the body, or in cookies where `REFRESH_COOKIE` says so. */
export interface TokenCookies {
  /** Gives a token to the client; returns whether it went by cookie, and must then not be in the body. */
  give(reply: FastifyReply, kind: CookieToken, token: string, maxAge: number): boolean
  /**
   * The token that came with a request: the one in the body, else the one in the cookie, which counts only with
   * `Content-Type: application/json`. Throws `validation_failed` when both came and they differ, for then it is unclear who
   * asks.
   */
  take(request: FastifyRequest, kind: CookieToken, inBody: string | undefined): string | undefined
  /** Takes a token back from the client. */
  drop(reply: FastifyReply, kind: CookieToken): void
}

/** The cookies of an app; without `enabled`, tokens are in bodies alone and cookies are not looked at. */
export const createTokenCookies = async (
  app: FastifyInstance,
  { enabled, issuer }: { enabled: boolean; issuer: string },
): Promise<TokenCookies> => {
  if (!enabled) return { give: () => false, take: (_request, _kind, inBody) => inBody, drop: () => {} }
  await app.register(cookie)
  const { pathname: path } = new URL(issuer)
  // `__Host-` binds a cookie to this host, to HTTPS and to every path (RFC 6265bis §4.1.3.2). Below a path the services
  // beside us must not receive it, nor a second Doorcode overwrite it: then the path is ours, which that prefix forbids.
  const prefix = path === '/' ? '__Host-' : '__Secure-'
  const nameOf = (kind: CookieToken) => `${prefix}doorcode-${kind}`
  /** Read by no script, sent by no other site. */
  const attributes = { path, httpOnly: true, secure: true, sameSite: 'strict' } as const
  return {
    give(reply, kind, token, maxAge) {
      reply.setCookie(nameOf(kind), token, { ...attributes, maxAge })
      return true
    },
    take(request, kind, inBody) {
      // A form of a neighbouring host sends cookies too, but no JSON.
      const inCookie = request.mediaType === 'application/json' ? request.cookies[nameOf(kind)] : undefined
      if (inBody !== undefined && inCookie !== undefined && inBody !== inCookie) {
        const message = 'is not the one in the cookie; send one of them'
        throw new Problem('validation_failed', { errors: [{ path: `/${kind}_token`, message }] })
      }
      return inBody ?? inCookie
    },
    drop(reply, kind) {
      reply.clearCookie(nameOf(kind), attributes)
    },
  }
}
