import { Type } from 'typebox'
import { DURATIONS } from '../core/durations.ts'
import { DEFAULT_LIMITS } from '../core/limits.ts'
import { durationInWords } from '../core/quantity.ts'
import { Problem } from '../errors.ts'
import { Exactly } from '../http/exactly.ts'
import { GrantBody, grantBody, REFRESH_TOKEN_EXAMPLE, RefreshToken } from './grant-body.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, problems } from './problems/schemas.ts'
import { contextOf, type Route } from './route.ts'
import { answer } from './schemas.ts'

/** `POST /refresh`: a refresh token becomes an access token and the next refresh token. */
export const refresh: Route = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/refresh',
    onRequest: deps.limit('refresh'),
    schema: {
      operationId: 'refresh',
      tags: ['Session'],
      summary: 'Exchange a refresh token for new tokens',
      description: `Access tokens live for ${durationInWords(DURATIONS.accessTtl.default)}; this gives the next one, and the next refresh token. Each refresh token serves once. The same one again, within ${durationInWords(DEFAULT_LIMITS.rotationGrace)} and before its successor was used, gives the same successor, for whoever lost the answer; at any other time it ends the session, for then somebody has copied it. The session ends ${durationInWords(DURATIONS.sessionTtl.default)} after its login, or after ${durationInWords(DURATIONS.sessionIdle.default)} without a refresh, unless the server is set otherwise.\n\nWhere the server keeps refresh tokens in cookies (\`REFRESH_COOKIE\`), send \`{}\` with \`Content-Type: application/json\` and let the browser add the cookie.`,
      body: Exactly(
        { refresh_token: Type.Optional(RefreshToken) },
        {
          title: 'RefreshRequest',
          description: 'The refresh token, unless it comes in a cookie.',
          examples: [{ refresh_token: REFRESH_TOKEN_EXAMPLE }],
        },
      ),
      response: {
        200: answer('New tokens; the former refresh token is used.', GrantBody),
        ...problems(...BODY_PROBLEMS, 'invalid_token', ...DATABASE_PROBLEMS),
      },
    },
    handler: async (request, reply) => {
      const token = deps.cookies.take(request, 'refresh', request.body.refresh_token)
      if (token === undefined) throw new Problem('invalid_token', { detail: 'Send a `refresh_token`.' })
      return grantBody(await deps.refresh(token, contextOf(request)), reply, deps.cookies)
    },
  })
}
