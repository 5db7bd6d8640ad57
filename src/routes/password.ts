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
      description: 'Whether the user can reset the password here: not yet.',
      examples: [false],
    }),
    help: Type.String({
      description: 'What the user is to do instead, for their eyes.',
      examples: ['Call our help desk at +1 202 555 0100.'],
    }),
  },
  {
    title: 'RecoveryHelp',
    description: 'What whoever has forgotten the password can do.',
    examples: [{ self_service: false, help: 'Call our help desk at +1 202 555 0100.' }],
  },
)

/** `POST /password` and `POST /password/reset`: another password, for those who know the old one and for those who do not. */
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
        'Needs a session in which both factors were presented a short while ago (log in with `step_up`), else the answer is `forbidden`. Ends every session, pending login and remembered device; the answer has the tokens of a new session, and the number of the account gets a notice, once for each login. A wrong current password counts like one at `POST /login`.',
      security: [{ accessToken: [] }],
      body: Exactly(
        { current_password: Password, new_password: NewPassword },
        {
          title: 'ChangePasswordRequest',
          description: 'The password that is, and the one that shall be.',
          examples: [
            { current_password: 'correct horse battery staple', new_password: 'an older tale of four other words' },
          ],
        },
      ),
      response: {
        200: answer('The password is changed; these are the only tokens.', GrantBody),
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
      summary: 'Ask what to do about a forgotten password',
      description:
        'Answers what whoever runs the service says about it (`RECOVERY_HELP`), the same for every name; nobody is looked up and nothing is sent. A code by SMS cannot give a new password here: it would then be the only factor there is (SP 800-63B-4 §4.2.2.2).',
      body: Exactly(
        { username: Username },
        {
          title: 'ResetPasswordRequest',
          description: 'Who has forgotten the password.',
          examples: [{ username: 'demo' }],
        },
      ),
      response: {
        200: answer('What to do.', Recovery),
        ...problems(...BODY_PROBLEMS),
      },
    },
    handler: async () => ({ self_service: false, help: deps.recoveryHelp }),
  })
}
