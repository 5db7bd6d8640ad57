import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { ACCOUNT_PROBLEMS, BODY_PROBLEMS, problems } from './problems/schemas.ts'
import { bearerToken, contextOf, type Route } from './route.ts'
import { answer, Id } from './schemas.ts'
import { SESSION_EXAMPLE, SESSION_MEMBERS, sessionBody } from './session-body.ts'

const Session = Exactly(
  {
    ...SESSION_MEMBERS,
    current: Type.Boolean({ description: 'Whether this is the session that asks.', examples: [true] }),
  },
  { title: 'Session', description: 'A place where the user is logged in.' },
)

const SessionList = Exactly(
  { sessions: Type.Array(Session, { description: 'The last used first.' }) },
  {
    title: 'SessionList',
    description: 'The open sessions of a user.',
    examples: [{ sessions: [{ ...SESSION_EXAMPLE, current: true }] }],
  },
)

/** `GET /sessions`, `DELETE /sessions` and `DELETE /sessions/:id`: where the user is logged in, and an end to it. */
export const sessions: Route = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/sessions',
    schema: {
      operationId: 'listSessions',
      tags: ['Session'],
      summary: 'Where the user is logged in',
      description:
        'A session begins with a login and lives as long as its refresh tokens. The list is for a page on which the user sees where they are logged in.',
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
      description: 'Logs the user out everywhere but here. Access tokens that are out live until they expire.',
      security: [{ accessToken: [] }],
      response: {
        204: Type.Null({ description: 'This session is the only one.' }),
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
        'Logs the user out in one place, which may be this one. Access tokens that are out live until they expire.',
      security: [{ accessToken: [] }],
      params: Exactly({ id: Id('As `GET /sessions` has it.') }),
      response: {
        204: Type.Null({ description: 'It is over.' }),
        ...problems(...BODY_PROBLEMS, 'not_found', ...ACCOUNT_PROBLEMS),
      },
    },
    handler: async (request, reply) => {
      await deps.signOut.session(await deps.authorize(bearerToken(request)), request.params.id, contextOf(request))
      return reply.code(204).send(null)
    },
  })
}
