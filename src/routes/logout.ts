import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { REFRESH_TOKEN_EXAMPLE, RefreshToken } from './grant-body.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, problems } from './problems/schemas.ts'
import { bearerToken, contextOf, type Route } from './route.ts'

/** `POST /logout`: ends this session. */
export const logout: Route = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/logout',
    schema: {
      operationId: 'logout',
      tags: ['Session'],
      summary: 'End this session',
      description:
        'Names the session by its refresh token, in the body or in the cookie; without one that is good, by the access token in `Authorization`. An unknown refresh token is answered like any other. Access tokens that are out live until they expire. The device stays remembered.',
      security: [{}, { accessToken: [] }],
      body: Exactly(
        { refresh_token: Type.Optional(RefreshToken) },
        {
          title: 'LogoutRequest',
          description: 'The session to end, unless a cookie or the access token names it.',
          examples: [{ refresh_token: REFRESH_TOKEN_EXAMPLE }],
        },
      ),
      response: {
        204: Type.Null({ description: 'The session is over.' }),
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
