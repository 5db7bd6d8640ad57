import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { OpenChallengeBody } from './challenge-schemas.ts'
import { DeviceToken, GrantBody, grantBody } from './grant-body.ts'
import { openChallengeBody } from './open-challenge.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, ISSUE_PROBLEMS, problems } from './problems/schemas.ts'
import { contextOf, deliveryWish, type Route } from './route.ts'
import { answer } from './schemas.ts'
import { ClientKind, HumanCheckAnswer, SendingHeaders, WantedChannel } from './sending-schemas.ts'
import { Password, Username } from './user-schemas.ts'

const LoginAnswer = Type.Union([OpenChallengeBody, GrantBody], {
  title: 'LoginAnswer',
  description:
    'What a right password gives: a pending token whose code is on its way, or, to a remembered device, tokens at once. `token_type` tells which.',
})

/** `POST /login`: a password becomes a pending token and a code on its way. */
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
        'Step one of a login. A right password is answered with a **pending token**, which stands for this login until its code is entered, and a code goes to the phone of the account. An unknown name, a wrong password and a disabled account are answered alike.\n\nA code that went out a moment ago stays good: until `resend_in` is over, a right password gets `resend_cooldown` and no second message. After that, a new login replaces the former one.\n\nWith the `device_token` of a remembered device, a right password is answered with tokens at once. They say `acr: aal1`, for one factor; what changes the account takes both: send `step_up`.',
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
              description: 'Whether a code is wanted though the device is remembered: for what changes the account.',
              examples: [true],
            }),
          ),
        },
        {
          title: 'LoginRequest',
          description: 'Who wants to log in, and how the code is to travel.',
          examples: [{ username: 'demo', password: 'let me in please' }],
        },
      ),
      response: {
        200: answer(
          'The password is right: a code is on its way, or a remembered device stands in for it.',
          LoginAnswer,
        ),
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
          ...deliveryWish(request, deps.channels),
        },
        contextOf(request),
      )
      return 'grant' in result ? grantBody(result.grant, reply, deps.cookies) : openChallengeBody(result.challenge)
    },
  })
}
