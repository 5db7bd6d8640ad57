import { Type } from 'typebox'
import { DeviceToken, GrantBody, grantBody } from './grant-body.ts'
import { openChallengeBody } from './open-challenge.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, ISSUE_PROBLEMS, problems } from './problem-schemas.ts'
import { contextOf, deliveryWish, type Route } from './route.ts'
import {
  ClientKind,
  Exactly,
  HumanCheckAnswer,
  IdempotentHeaders,
  OpenChallengeBody,
  Password,
  Username,
  WantedChannel,
} from './schemas.ts'

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
        'Step one. Answers a pending-2fa token for `POST /verify` and sends a code to the phone of the account. Within the cooldown after a code was sent, a right password gets `resend_cooldown` and the code already sent stays valid; after it, a new login replaces the former challenge. With the `device_token` of a remembered device, a right password is answered with the tokens of a session at once: `acr` is `aal1` in them, and what changes the account takes `step_up`.',
      headers: IdempotentHeaders,
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
                'Whether both factors are wanted, though the device is remembered: for what changes the account.',
              examples: [true],
            }),
          ),
        },
        { examples: [{ username: 'demo', password: 'let me in please' }] },
      ),
      response: {
        200: {
          description: 'The password is right; a code is on its way, or a remembered device stands in for it.',
          ...Type.Union([OpenChallengeBody, GrantBody]),
        },
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
