import { Type } from 'typebox'
import { DATABASE_PROBLEMS, problems } from './problem-schemas.ts'
import { bearerToken, contextOf, type Route } from './route.ts'
import { Exactly, Id } from './schemas.ts'
import { SESSION_EXAMPLE, SESSION_MEMBERS, sessionBody } from './session-body.ts'

const Session = Exactly({
  ...SESSION_MEMBERS,
  current: Type.Boolean({ description: 'Whether this is the session that asks.' }),
})

const ACCOUNT_PROBLEMS = ['invalid_token', ...DATABASE_PROBLEMS] as const

/** `GET /sessions`, `DELETE /sessions` and `DELETE /sessions/:id`: where the user is logged in, and an end to it. */
export const sessions: Route = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/sessions',
    schema: {
      operationId: 'listSessions',
      tags: ['Session'],
      summary: 'Where the user is logged in',
      security: [{ accessToken: [] }],
      response: {
        200: {
          description: 'The open sessions, the last used first.',
          ...Exactly(
            { sessions: Type.Array(Session) },
            { examples: [{ sessions: [{ ...SESSION_EXAMPLE, current: true }] }] },
          ),
        },
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
      security: [{ accessToken: [] }],
      response: {
        204: Type.Null({ description: 'This session is the only one.' }),
        ...problems(...ACCOUNT_PROBLEMS),
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
      security: [{ accessToken: [] }],
      params: Exactly({ id: Id('As `GET /sessions` has it.') }),
      response: {
        204: Type.Null({ description: 'It is over.' }),
        ...problems('validation_failed', 'not_found', ...ACCOUNT_PROBLEMS),
      },
    },
    handler: async (request, reply) => {
      await deps.signOut.session(await deps.authorize(bearerToken(request)), request.params.id, contextOf(request))
      return reply.code(204).send(null)
    },
  })
}
