import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { BODY_PROBLEMS, problems } from '../routes/problems/schemas.ts'
import { answer } from '../routes/schemas.ts'
import { Locale, NewPassword, Username } from '../routes/user-schemas.ts'
import type { AdminRoute } from './admin-route.ts'
import { ADMIN_PROBLEMS, AdminUser, userBody } from './schemas.ts'

const Phone = Type.String({
  minLength: 1,
  maxLength: 32,
  description: 'The phone number for codes, with its country code. The service does not verify it.',
  examples: ['+12025550143'],
})

/** `POST /admin/users` adds a user. */
export const createUser: AdminRoute = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/admin/users',
    config: { scope: 'users:write' },
    schema: {
      operationId: 'createUser',
      tags: ['Users'],
      summary: 'Add a user',
      description: 'Without a password, the user is created but cannot log in. No message is sent.',
      body: Exactly(
        {
          username: Username,
          password: Type.Optional(NewPassword),
          phone: Phone,
          locale: Type.Optional(Locale),
        },
        {
          title: 'CreateUserRequest',
          description: 'The account to create.',
          examples: [{ username: 'alice', password: 'correct horse battery staple', phone: '+12025550143' }],
        },
      ),
      response: {
        201: answer('The created user.', AdminUser, {
          Location: { type: 'string', description: 'The path of the user.' },
        }),
        ...problems(
          ...BODY_PROBLEMS,
          ...ADMIN_PROBLEMS,
          'username_taken',
          'destination_not_allowed',
          'password_rejected',
        ),
      },
    },
    handler: async (request, reply) => {
      const user = await deps.addUser(request.body)
      return reply.code(201).header('location', `/admin/users/${user.userId}`).send(userBody(user))
    },
  })
}
