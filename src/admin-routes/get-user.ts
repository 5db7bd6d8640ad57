import { problems } from '../routes/problems/schemas.ts'
import { answer } from '../routes/schemas.ts'
import { type AdminRoute, found } from './admin-route.ts'
import { ADMIN_PROBLEMS, AdminUser, UserPath, userBody } from './schemas.ts'

/** `GET /admin/users/:id`: one user. */
export const getUser: AdminRoute = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/admin/users/:id',
    config: { scope: 'users:read' },
    schema: {
      operationId: 'getUser',
      tags: ['Users'],
      summary: 'Show a user',
      description: 'The account, and how its second factor does.',
      params: UserPath,
      response: { 200: answer('The user.', AdminUser), ...problems(...ADMIN_PROBLEMS, 'not_found') },
    },
    handler: async ({ params: { id } }) => userBody(found(await deps.users.find({ userId: id }))),
  })
}
