import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { GrantBody, grantBody } from './grant-body.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, problems } from './problems/schemas.ts'
import { bearerToken, contextOf, type Route } from './route.ts'
import { answer } from './schemas.ts'
import { NewPassword, Password, Username } from './user-schemas.ts'

const Recovery = Exactly(
  {
    self_service: Type.Boolean({
      description: 'Whether the user can reset the password in this API. Always false.',
      examples: [false],
    }),
    help: Type.String({
      description: 'Instructions to show to the user.',
      examples: ['Call our help desk at +1 202 555 0100.'],
    }),
  },
  {
    title: 'RecoveryHelp',
    description: 'Instructions for users who forgot their password.',
    examples: [{ self_service: false, help: 'Call our help desk at +1 202 555 0100.' }],
  },
)

/** `POST /password` changes the password. `POST /password/reset` returns instructions for users who forgot it. */
export const password: Route = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/password',
    onRequest: deps.limit('login'),
    schema: {
      operationId: 'changePassword',
      tags: ['Account'],
      summary: 'Change the password',
      description:
        'Requires a recent login with both factors (`step_up`); otherwise returns `forbidden`. Ends every session, pending login and remembered device, and returns the tokens of a new session. Sends a notice to the number of the account, once for each login. A wrong current password counts as a failed attempt at `POST /login`.',
      security: [{ accessToken: [] }],
      body: Exactly(
        { current_password: Password, new_password: NewPassword },
        {
          title: 'ChangePasswordRequest',
          description: 'The current password and the new one.',
          examples: [
            { current_password: 'correct horse battery staple', new_password: 'an older tale of four other words' },
          ],
        },
      ),
      response: {
        200: answer('The password is changed. Only these tokens are valid.', GrantBody),
        ...problems(
          ...BODY_PROBLEMS,
          'invalid_token',
          'invalid_credentials',
          'forbidden',
          'password_rejected',
          ...DATABASE_PROBLEMS,
        ),
      },
    },
    handler: async (request, reply) => {
      const authorized = await deps.authorize(bearerToken(request), { fresh: true })
      const { current_password: currentPassword, new_password: newPassword } = request.body
      const granted = await deps.changePassword(authorized, { currentPassword, newPassword }, contextOf(request))
      return grantBody(granted, reply, deps.cookies)
    },
  })

  app.route({
    method: 'POST',
    url: '/password/reset',
    onRequest: deps.limit('login'),
    schema: {
      operationId: 'resetPassword',
      tags: ['Account'],
      summary: 'Get help for a forgotten password',
      description:
        'Returns the instructions of the operator (`RECOVERY_HELP`), which are the same for every user name. The user is not looked up and no message is sent. A code by SMS cannot reset the password, because the code would then be the only factor (SP 800-63B-4 §4.2.2.2).',
      body: Exactly(
        { username: Username },
        {
          title: 'ResetPasswordRequest',
          description: 'The user name of the user who forgot the password.',
          examples: [{ username: 'demo' }],
        },
      ),
      response: {
        200: answer('The instructions for the user.', Recovery),
        ...problems(...BODY_PROBLEMS),
      },
    },
    handler: async () => ({ self_service: false, help: deps.recoveryHelp }),
  })
}
