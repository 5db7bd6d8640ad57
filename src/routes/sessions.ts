import { Type } from 'typebox'
import { DATABASE_PROBLEMS, problems } from './problem-schemas.ts'
import { bearerToken, contextOf, type Route } from './route.ts'
import { Exactly, Id, Moment, Nameable, PlaceOfUse } from './schemas.ts'

const Session = Exactly({
  id: Id('`sid` of its access tokens.'),
  current: Type.Boolean({ description: 'Whether this is the session that asks.' }),
  name: Nameable,
  address: PlaceOfUse,
  acr: Type.Enum(['aal1', 'aal2'], { description: 'One factor, or both.', examples: ['aal2'] }),
  by_device: Type.Boolean({ description: 'Whether a remembered device stood in for the code.' }),
  created_at: Moment('When it was opened.'),
  last_used_at: Moment('When it was refreshed last.'),
  expires_at: Moment('When it ends, if nobody uses it.'),
})

const EXAMPLE = {
  id: '0e3b1c9e-4c0f-4c3f-9a55-0d4b8a9f2d11',
  current: true,
  name: 'Telephone in the kitchen',
  address: '203.0.113.7',
  acr: 'aal2',
  by_device: false,
  created_at: '2026-11-24T10:00:00.000Z',
  last_used_at: '2026-11-24T10:50:00.000Z',
  expires_at: '2026-11-24T11:50:00.000Z',
}

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
          ...Exactly({ sessions: Type.Array(Session) }, { examples: [{ sessions: [EXAMPLE] }] }),
        },
        ...problems(...ACCOUNT_PROBLEMS),
      },
    },
    handler: async (request) => {
      const { account, sessionId } = await deps.authorize(bearerToken(request))
      const open = await deps.sessions.list(account.userId)
      return {
        sessions: open.map((session) => ({
          id: session.sessionId,
          current: session.sessionId === sessionId,
          name: session.name,
          address: session.address,
          acr: session.acr,
          by_device: session.byDevice,
          created_at: session.createdAt.toISOString(),
          last_used_at: session.lastUsedAt.toISOString(),
          expires_at: session.expiresAt.toISOString(),
        })),
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
