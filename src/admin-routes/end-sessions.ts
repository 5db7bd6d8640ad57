import { problems } from '../routes/problems/schemas.ts'
import { type AdminRoute, found, refuseBody } from './admin-route.ts'
import { ADMIN_PROBLEMS, UserPath } from './schemas.ts'

/** `DELETE /admin/users/:id/sessions`: logs a user out everywhere. */
export const endSessions: AdminRoute = (app, deps) => {
  app.route({
    method: 'DELETE',
    url: '/admin/users/:id/sessions',
    config: { scope: 'sessions:write' },
    preValidation: refuseBody,
    schema: {
      operationId: 'endUserSessions',
      tags: ['Sessions'],
      summary: 'Log a user out everywhere',
      description:
        'Pending logins, sessions with their refresh tokens, and remembered devices are over at once. Access tokens that are out live until they expire.',
      params: UserPath,
      response: {
        204: { description: 'All are over.', type: 'null' },
        ...problems(...ADMIN_PROBLEMS, 'not_found', 'malformed_json', 'payload_too_large', 'unsupported_media_type'),
      },
    },
    handler: async ({ params: { id: userId } }, reply) => {
      found((await deps.users.endSessions({ userId })) || undefined)
      return reply.code(204).send(null)
    },
  })
}
