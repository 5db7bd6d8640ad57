import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { OpenChallengeBody } from './challenge-schemas.ts'
import { DeviceToken, GrantBody, grantBody } from './grant-body.ts'
import { openChallengeBody } from './open-challenge.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, ISSUE_PROBLEMS, problems } from './problems/schemas.ts'
import { contextOf, type Route, readDeliveryOptions } from './route.ts'
import { answer } from './schemas.ts'
import { ClientKind, HumanCheckAnswer, SendingHeaders, WantedChannel } from './sending-schemas.ts'
import { Password, Username } from './user-schemas.ts'

const LoginAnswer = Type.Union([OpenChallengeBody, GrantBody], {
  title: 'LoginAnswer',
  description:
    'The response to a correct password: an open challenge, or a grant for a remembered device. `token_type` tells them apart.',
})

/** `POST /login` checks the password, sends a code and returns a pending token. */
export const login: Route = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/login',
    onRequest: deps.limit('login'),
    schema: {
      operationId: 'login',
      tags: ['Login'],
      summary: 'Check the password and send a code',
      description:
        'Step one of a login. If the password is correct, the service sends a code to the phone of the account and returns a **pending token**. The pending token identifies this login until the code is entered. An unknown user name, a wrong password and a disabled account get the same response.\n\nA code that was just sent stays valid. Until `resend_in` seconds have passed, a correct password gets `resend_cooldown` and no second message. After that, a new login replaces the previous one.\n\nWith the `device_token` of a remembered device, a correct password returns tokens immediately. These tokens have `acr: aal1` (one factor). Calls that change the account require both factors: log in with `step_up`.',
      headers: SendingHeaders,
      body: Exactly(
        {
          username: Username,
          password: Password,
          channel: WantedChannel,
          client: ClientKind,
          human_check: HumanCheckAnswer,
          device_token: Type.Optional(DeviceToken),
          step_up: Type.Optional(
            Type.Boolean({
              description:
                'If true, a code is sent even for a remembered device. Required before calls that change the account.',
              examples: [true],
            }),
          ),
        },
        {
          title: 'LoginRequest',
          description: 'The credentials of the user, and delivery options for the code.',
          examples: [{ username: 'demo', password: 'let me in please' }],
        },
      ),
      response: {
        200: answer('The password is correct. A code was sent, or a remembered device replaced it.', LoginAnswer),
        ...problems(...BODY_PROBLEMS, ...DATABASE_PROBLEMS, ...ISSUE_PROBLEMS, 'invalid_credentials'),
      },
    },
    handler: async (request, reply) => {
      const { username, password, device_token, step_up: stepUp } = request.body
      const deviceToken = deps.cookies.take(request, 'device', device_token)
      const result = await deps.login(
        {
          username,
          password,
          ...(deviceToken !== undefined && { deviceToken }),
          ...(stepUp && { stepUp }),
          ...readDeliveryOptions(request, deps.channels),
        },
        contextOf(request),
      )
      return 'grant' in result ? grantBody(result.grant, reply, deps.cookies) : openChallengeBody(result.challenge)
    },
  })
}
