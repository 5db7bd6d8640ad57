import { Type } from 'typebox'
import { Problem } from '../errors.ts'
import { GrantBody, grantBody, RefreshToken } from './grant-body.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, problems } from './problem-schemas.ts'
import { contextOf, type Route } from './route.ts'
import { Exactly } from './schemas.ts'

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
      description:
        'Each refresh token serves once. The same one again, within 10 seconds and before its successor was used, gives the same successor, for whoever lost the answer; at any other time it ends the session, for then somebody has copied it. The session ends 24 hours after its login, or after an hour without a refresh, unless the server is set otherwise.',
      body: Exactly(
        { refresh_token: Type.Optional(RefreshToken) },
        { examples: [{ refresh_token: 'rt_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }] },
      ),
      response: {
        200: { description: 'New tokens; the former refresh token is used.', ...GrantBody },
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
