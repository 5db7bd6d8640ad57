import { problems } from '../routes/problems/schemas.ts'
import { type AdminRoute, refuseBody, requireFound } from './admin-route.ts'
import { ADMIN_PROBLEMS, UserPath } from './schemas.ts'

/** `DELETE /admin/users/:id/sessions` ends all sessions and devices of a user. */
export const endSessions: AdminRoute = (app, deps) => {
  app.route({
    method: 'DELETE',
    url: '/admin/users/:id/sessions',
    config: { scope: 'sessions:write' },
    preValidation: refuseBody,
    schema: {
      operationId: 'endUserSessions',
      tags: ['Sessions'],
      summary: 'End all sessions of a user',
      description:
        'Ends pending logins, sessions and remembered devices immediately. Issued access tokens stay valid until they expire.',
      params: UserPath,
      response: {
        204: { description: 'All sessions have ended.', type: 'null' },
        ...problems(...ADMIN_PROBLEMS, 'not_found', 'malformed_json', 'payload_too_large', 'unsupported_media_type'),
      },
    },
    handler: async ({ params: { id: userId } }, reply) => {
      requireFound((await deps.users.endSessions({ userId })) || undefined)
      return reply.code(204).send(null)
    },
  })
}
