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

/** `POST /refresh` exchanges a refresh token for an access token and the next refresh token. */
export const refresh: Route = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/refresh',
    onRequest: deps.limit('refresh'),
    schema: {
      operationId: 'refresh',
      tags: ['Session'],
      summary: 'Exchange a refresh token for new tokens',
      description: `Access tokens are valid for ${durationInWords(DURATIONS.accessTtl.default)}. This call returns a new access token and the next refresh token. Each refresh token can be used once.\n\nIf the response was lost, repeat the call: within ${durationInWords(DEFAULT_LIMITS.rotationGrace)}, and before the next refresh token was used, the same refresh token returns the same successor. Any other reuse ends the session, because the token was probably stolen. By default the session ends ${durationInWords(DURATIONS.sessionTtl.default)} after its login, or after ${durationInWords(DURATIONS.sessionIdle.default)} without a refresh.\n\nIf the server keeps refresh tokens in cookies (\`REFRESH_COOKIE\`), send \`{}\` with \`Content-Type: application/json\`; the browser adds the cookie.`,
      body: Exactly(
        { refresh_token: Type.Optional(RefreshToken) },
        {
          title: 'RefreshRequest',
          description: 'The refresh token, unless it is sent in a cookie.',
          examples: [{ refresh_token: REFRESH_TOKEN_EXAMPLE }],
        },
      ),
      response: {
        200: answer('New tokens. The previous refresh token is used.', GrantBody),
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
