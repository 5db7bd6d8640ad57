import { Exactly } from '../http/exactly.ts'
import { Code, OpenChallengeBody, PENDING_TOKEN_EXAMPLE, PendingToken } from './challenge-schemas.ts'
import { GrantBody, grantBody } from './grant-body.ts'
import { openChallengeBody } from './open-challenge.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, ISSUE_PROBLEMS, problems } from './problems/schemas.ts'
import { bearerToken, contextOf, type Route, readDeliveryOptions } from './route.ts'
import { answer } from './schemas.ts'
import { ClientKind, HumanCheckAnswer, SendingHeaders, WantedChannel } from './sending-schemas.ts'
import { PhoneNumber } from './user-schemas.ts'

/** `POST /phone` sends a code to a new phone number. `POST /phone/verify` changes the number after the code is entered. */
export const phone: Route = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/phone',
    onRequest: deps.limit('login'),
    schema: {
      operationId: 'changePhone',
      tags: ['Account'],
      summary: 'Request a change of the phone number',
      description:
        'Sends a code to the new number. The old number stays in use until the code is entered at `POST /phone/verify`. Requires a recent login with both factors (`step_up`); otherwise returns `forbidden`. The response never reveals whether another account uses the number.',
      security: [{ accessToken: [] }],
      headers: SendingHeaders,
      body: Exactly(
        { phone: PhoneNumber, channel: WantedChannel, client: ClientKind, human_check: HumanCheckAnswer },
        {
          title: 'ChangePhoneRequest',
          description: 'The new number, and delivery options for its code.',
          examples: [{ phone: '+12025550199' }],
        },
      ),
      response: {
        200: answer('A code was sent to the new number.', OpenChallengeBody),
        ...problems(...BODY_PROBLEMS, ...DATABASE_PROBLEMS, ...ISSUE_PROBLEMS, 'invalid_token', 'factor_disabled'),
      },
    },
    handler: async (request) => {
      const authorized = await deps.authorize(bearerToken(request), { fresh: true })
      const deliveryOptions = readDeliveryOptions(request, deps.channels)
      const input = { phone: request.body.phone, ...deliveryOptions }
      return openChallengeBody(await deps.changePhone(authorized, input, contextOf(request)))
    },
  })

  app.route({
    method: 'POST',
    url: '/phone/verify',
    onRequest: deps.limit('verify'),
    schema: {
      operationId: 'verifyPhone',
      tags: ['Account'],
      summary: 'Change the phone number with the code',
      description:
        'Sets the new number for the account. Ends every session, pending login and remembered device, and returns the tokens of a new session. Sends a notice to the old number. Guesses count as at `POST /verify`.',
      security: [{ accessToken: [] }],
      body: Exactly(
        { pending_token: PendingToken, code: Code },
        {
          title: 'VerifyPhoneRequest',
          description: 'The pending token, and the code that was sent to the new number.',
          examples: [{ pending_token: PENDING_TOKEN_EXAMPLE, code: '123456' }],
        },
      ),
      response: {
        200: answer('The number is changed. Only these tokens are valid.', GrantBody),
        ...problems(
          ...BODY_PROBLEMS,
          'invalid_token',
          'invalid_code',
          'challenge_invalid',
          'forbidden',
          'factor_disabled',
          'factor_locked',
          ...DATABASE_PROBLEMS,
        ),
      },
    },
    handler: async (request, reply) => {
      const authorized = await deps.authorize(bearerToken(request), { fresh: true })
      const { pending_token: pendingToken, code } = request.body
      const granted = await deps.verify({ pendingToken, code }, contextOf(request), authorized)
      return grantBody(granted, reply, deps.cookies)
    },
  })
}
