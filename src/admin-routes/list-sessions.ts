import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { problems } from '../routes/problems/schemas.ts'
import { answer } from '../routes/schemas.ts'
import { SESSION_EXAMPLE, SESSION_MEMBERS, sessionBody } from '../routes/session-body.ts'
import { type AdminRoute, requireFound } from './admin-route.ts'
import { ADMIN_PROBLEMS, UserPath } from './schemas.ts'

const UserSession = Exactly(SESSION_MEMBERS, {
  title: 'UserSession',
  description: 'A session of the user.',
})

const UserSessions = Exactly(
  { sessions: Type.Array(UserSession, { description: 'The sessions, last used first.' }) },
  { title: 'UserSessions', description: 'The open sessions of a user.', examples: [{ sessions: [SESSION_EXAMPLE] }] },
)

/** `GET /admin/users/:id/sessions` lists the open sessions of a user. */
export const listSessions: AdminRoute = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/admin/users/:id/sessions',
    config: { scope: 'sessions:read' },
    schema: {
      operationId: 'listUserSessions',
      tags: ['Sessions'],
      summary: 'List the open sessions of a user',
      description: 'Returns the open sessions, as the user sees them at `GET /sessions`.',
      params: UserPath,
      response: {
        200: answer('The open sessions, last used first.', UserSessions),
        ...problems(...ADMIN_PROBLEMS, 'not_found'),
      },
    },
    handler: async ({ params: { id: userId } }) => {
      requireFound(await deps.users.find({ userId }))
      return { sessions: (await deps.sessions.list(userId)).map(sessionBody) }
    },
  })
}
