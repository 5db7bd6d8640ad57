import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'

/** A token that can be sent as a cookie. */
export type CookieToken = 'refresh' | 'device'

/** Sends and reads refresh and device tokens: in bodies, or in cookies if `REFRESH_COOKIE` is set. */
export interface TokenCookies {
  /** Sets the cookie of a token. Returns false if cookies are disabled: the token then belongs in the body. */
  give(reply: FastifyReply, kind: CookieToken, token: string, maxAge: number): boolean
  /**
   * Returns the token of a request: from the body, or else from the cookie. The cookie counts only with
   * `Content-Type: application/json`. Throws `validation_failed` if both are present and differ, because the session is
   * then ambiguous.
   */
  take(request: FastifyRequest, kind: CookieToken, inBody: string | undefined): string | undefined
  /** Deletes the cookie of a token. */
  drop(reply: FastifyReply, kind: CookieToken): void
}

/** Creates the token cookies of an app. Without `enabled`, tokens are only in bodies and cookies are ignored. */
export const createTokenCookies = async (
  app: FastifyInstance,
  { enabled, issuer }: { enabled: boolean; issuer: string },
): Promise<TokenCookies> => {
  if (!enabled) return { give: () => false, take: (_request, _kind, inBody) => inBody, drop: () => {} }
  await app.register(cookie)
  const { pathname: path } = new URL(issuer)
  // `__Host-` binds a cookie to this host, to HTTPS and to every path (RFC 6265bis §4.1.3.2). If the issuer has a path,
  // other services on the host must not receive the cookie, and a second Doorcode must not overwrite it. The cookie then
  // has that path, which the prefix `__Host-` forbids.
  const prefix = path === '/' ? '__Host-' : '__Secure-'
  const nameOf = (kind: CookieToken) => `${prefix}doorcode-${kind}`
  /** Scripts cannot read the cookies, and other sites cannot send them. */
  const attributes = { path, httpOnly: true, secure: true, sameSite: 'strict' } as const
  return {
    give(reply, kind, token, maxAge) {
      reply.setCookie(nameOf(kind), token, { ...attributes, maxAge })
      return true
    },
    take(request, kind, inBody) {
      // A form on another host of the same site sends cookies too, but cannot send JSON.
      const inCookie = request.mediaType === 'application/json' ? request.cookies[nameOf(kind)] : undefined
      if (inBody !== undefined && inCookie !== undefined && inBody !== inCookie) {
        const message = 'differs from the token in the cookie; send only one of them'
        throw new Problem('validation_failed', { errors: [{ path: `/${kind}_token`, message }] })
      }
      return inBody ?? inCookie
    },
    drop(reply, kind) {
      reply.clearCookie(nameOf(kind), attributes)
    },
  }
}
