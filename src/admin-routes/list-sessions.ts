import { Type } from 'typebox'
import { problems } from '../routes/problem-schemas.ts'
import { Exactly } from '../routes/schemas.ts'
import { SESSION_EXAMPLE, SESSION_MEMBERS, sessionBody } from '../routes/session-body.ts'
import { type AdminRoute, found } from './admin-route.ts'
import { ADMIN_PROBLEMS, UserPath } from './schemas.ts'

/** `GET /admin/users/:id/sessions`: where a user is logged in. */
export const listSessions: AdminRoute = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/admin/users/:id/sessions',
    config: { scope: 'sessions:read' },
    schema: {
      operationId: 'listUserSessions',
      tags: ['Sessions'],
      summary: 'Where a user is logged in',
      params: UserPath,
      response: {
        200: {
          description: 'The open sessions, the last used first.',
          ...Exactly(
            { sessions: Type.Array(Exactly(SESSION_MEMBERS)) },
            { examples: [{ sessions: [SESSION_EXAMPLE] }] },
          ),
        },
        ...problems(...ADMIN_PROBLEMS, 'not_found'),
      },
    },
    handler: async ({ params: { id: userId } }) => {
      found(await deps.users.find({ userId }))
      return { sessions: (await deps.sessions.list(userId)).map(sessionBody) }
    },
  })
}
