import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { problems } from '../routes/problems/schemas.ts'
import { answer } from '../routes/schemas.ts'
import { SESSION_EXAMPLE, SESSION_MEMBERS, sessionBody } from '../routes/session-body.ts'
import { type AdminRoute, found } from './admin-route.ts'
import { ADMIN_PROBLEMS, UserPath } from './schemas.ts'

const UserSession = Exactly(SESSION_MEMBERS, {
  title: 'UserSession',
  description: 'A place where the user is logged in.',
})

const UserSessions = Exactly(
  { sessions: Type.Array(UserSession, { description: 'The last used first.' }) },
  { title: 'UserSessions', description: 'The open sessions of a user.', examples: [{ sessions: [SESSION_EXAMPLE] }] },
)

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
      description: 'The open sessions, as the user sees them at `GET /sessions`.',
      params: UserPath,
      response: {
        200: answer('The open sessions, the last used first.', UserSessions),
        ...problems(...ADMIN_PROBLEMS, 'not_found'),
      },
    },
    handler: async ({ params: { id: userId } }) => {
      found(await deps.users.find({ userId }))
      return { sessions: (await deps.sessions.list(userId)).map(sessionBody) }
    },
  })
}
