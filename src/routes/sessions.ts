import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { ACCOUNT_PROBLEMS, BODY_PROBLEMS, problems } from './problems/schemas.ts'
import { bearerToken, contextOf, type Route } from './route.ts'
import { answer, Id } from './schemas.ts'
import { SESSION_EXAMPLE, SESSION_MEMBERS, sessionBody } from './session-body.ts'

const Session = Exactly(
  {
    ...SESSION_MEMBERS,
    current: Type.Boolean({ description: 'Whether this is the session of the request.', examples: [true] }),
  },
  { title: 'Session', description: 'A session of the user.' },
)

const SessionList = Exactly(
  { sessions: Type.Array(Session, { description: 'The sessions, last used first.' }) },
  {
    title: 'SessionList',
    description: 'The open sessions of a user.',
    examples: [{ sessions: [{ ...SESSION_EXAMPLE, current: true }] }],
  },
)

/** `GET /sessions` lists open sessions. `DELETE /sessions` ends all other sessions, `DELETE /sessions/:id` ends one. */
export const sessions: Route = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/sessions',
    schema: {
      operationId: 'listSessions',
      tags: ['Session'],
      summary: 'List the open sessions',
      description:
        'A session begins with a login and ends when its refresh token expires or is revoked. Show users this list so that they can check where they are logged in.',
      security: [{ accessToken: [] }],
      response: {
        200: answer('The open sessions, the last used first.', SessionList),
        ...problems(...ACCOUNT_PROBLEMS),
      },
    },
    handler: async (request) => {
      const { account, sessionId } = await deps.authorize(bearerToken(request))
      const open = await deps.sessions.list(account.userId)
      return {
        sessions: open.map((session) => ({ ...sessionBody(session), current: session.sessionId === sessionId })),
      }
    },
  })

  app.route({
    method: 'DELETE',
    url: '/sessions',
    schema: {
      operationId: 'endOtherSessions',
      tags: ['Session'],
      summary: 'End all other sessions',
      description:
        'Ends every session of the user except the current one. Issued access tokens stay valid until they expire.',
      security: [{ accessToken: [] }],
      response: {
        204: Type.Null({ description: 'Only the current session is left.' }),
        ...problems(...BODY_PROBLEMS, ...ACCOUNT_PROBLEMS),
      },
    },
    handler: async (request, reply) => {
      await deps.signOut.others(await deps.authorize(bearerToken(request)), contextOf(request))
      return reply.code(204).send(null)
    },
  })

  app.route({
    method: 'DELETE',
    url: '/sessions/:id',
    schema: {
      operationId: 'endSession',
      tags: ['Session'],
      summary: 'End one session',
      description:
        'Ends one session of the user, which may be the current one. Issued access tokens stay valid until they expire.',
      security: [{ accessToken: [] }],
      params: Exactly({ id: Id('The `id` of the session in `GET /sessions`.') }),
      response: {
        204: Type.Null({ description: 'The session has ended.' }),
        ...problems(...BODY_PROBLEMS, 'not_found', ...ACCOUNT_PROBLEMS),
      },
    },
    handler: async (request, reply) => {
      await deps.signOut.session(await deps.authorize(bearerToken(request)), request.params.id, contextOf(request))
      return reply.code(204).send(null)
    },
  })
}
