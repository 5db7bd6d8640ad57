import { problems } from '../routes/problems/schemas.ts'
import { answer } from '../routes/schemas.ts'
import { type AdminRoute, requireFound } from './admin-route.ts'
import { ADMIN_PROBLEMS, AdminUser, UserPath, userBody } from './schemas.ts'

/** `GET /admin/users/:id` returns one user. */
export const getUser: AdminRoute = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/admin/users/:id',
    config: { scope: 'users:read' },
    schema: {
      operationId: 'getUser',
      tags: ['Users'],
      summary: 'Get a user',
      description: 'Returns the account and the state of its second factors.',
      params: UserPath,
      response: { 200: answer('The user.', AdminUser), ...problems(...ADMIN_PROBLEMS, 'not_found') },
    },
    handler: async ({ params: { id } }) => userBody(requireFound(await deps.users.find({ userId: id }))),
  })
}
