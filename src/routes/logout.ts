import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { REFRESH_TOKEN_EXAMPLE, RefreshToken } from './grant-body.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, problems } from './problems/schemas.ts'
import { bearerToken, contextOf, type Route } from './route.ts'

/** `POST /logout` ends the current session. */
export const logout: Route = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/logout',
    schema: {
      operationId: 'logout',
      tags: ['Session'],
      summary: 'End the current session',
      description:
        'Ends the session of the refresh token in the body or in the cookie. Without a valid refresh token, ends the session of the access token in `Authorization`. An unknown refresh token gets the same response as a valid one. Issued access tokens stay valid until they expire. The device stays remembered.',
      security: [{}, { accessToken: [] }],
      body: Exactly(
        { refresh_token: Type.Optional(RefreshToken) },
        {
          title: 'LogoutRequest',
          description: 'The session to end, unless it is identified by a cookie or the access token.',
          examples: [{ refresh_token: REFRESH_TOKEN_EXAMPLE }],
        },
      ),
      response: {
        204: Type.Null({ description: 'The session has ended.' }),
        ...problems(...BODY_PROBLEMS, 'invalid_token', 'not_found', ...DATABASE_PROBLEMS),
      },
    },
    handler: async (request, reply) => {
      const token = deps.cookies.take(request, 'refresh', request.body.refresh_token)
      const context = contextOf(request)
      const isEnded = token !== undefined && (await deps.signOut.byRefreshToken(token, context))
      if (token === undefined || (!isEnded && request.headers.authorization !== undefined)) {
        const authorized = await deps.authorize(bearerToken(request))
        await deps.signOut.session(authorized, authorized.sessionId, context)
      }
      deps.cookies.drop(reply, 'refresh')
      return reply.code(204).send(null)
    },
  })
}
