import type { UserAdmin } from '../core/account/admin-ports.ts'
import { problems } from '../routes/problems/schemas.ts'
import { answer } from '../routes/schemas.ts'
import { type AdminRoute, refuseBody, requireFound } from './admin-route.ts'
import { ADMIN_PROBLEMS, AdminUser, UserPath, userBody } from './schemas.ts'

/** Creates a route that changes one user and returns the user. The change is idempotent. */
export const userChange =
  (change: {
    /** The last part of the path. */
    action: string
    operationId: string
    summary: string
    description: string
    apply: (users: UserAdmin, userId: string) => Promise<boolean>
  }): AdminRoute =>
  (app, { users }) => {
    const { action, operationId, summary, description } = change
    app.route({
      method: 'POST',
      url: `/admin/users/:id/${action}`,
      config: { scope: 'users:write' },
      preValidation: refuseBody,
      schema: {
        operationId,
        tags: ['Users'],
        summary,
        description,
        params: UserPath,
        response: {
          200: answer('The user after the change.', AdminUser),
          ...problems(...ADMIN_PROBLEMS, 'not_found', 'malformed_json', 'payload_too_large', 'unsupported_media_type'),
        },
      },
      handler: async ({ params: { id: userId } }) => {
        const isThere = await change.apply(users, userId)
        return userBody(requireFound(isThere ? await users.find({ userId }) : undefined))
      },
    })
  }
