import { Exactly } from '../http/exactly.ts'
import { Code, OpenChallengeBody, PENDING_TOKEN_EXAMPLE, PendingToken } from './challenge-schemas.ts'
import { GrantBody, grantBody } from './grant-body.ts'
import { openChallengeBody } from './open-challenge.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, ISSUE_PROBLEMS, problems } from './problems/schemas.ts'
import { bearerToken, contextOf, deliveryWish, type Route } from './route.ts'
import { answer } from './schemas.ts'
import { ClientKind, HumanCheckAnswer, SendingHeaders, WantedChannel } from './sending-schemas.ts'
import { PhoneNumber } from './user-schemas.ts'

/** `POST /phone` and `POST /phone/verify`: another number for the codes. */
export const phone: Route = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/phone',
    onRequest: deps.limit('login'),
    schema: {
      operationId: 'changePhone',
      tags: ['Account'],
      summary: 'Ask for another phone number',
      description:
        'Sends a code to the new number; the old one keeps its codes until that code is entered at `POST /phone/verify`. Needs a session in which both factors were presented a short while ago (log in with `step_up`), else the answer is `forbidden`. Whether a number belongs to somebody is never said.',
      security: [{ accessToken: [] }],
      headers: SendingHeaders,
      body: Exactly(
        { phone: PhoneNumber, channel: WantedChannel, client: ClientKind, human_check: HumanCheckAnswer },
        {
          title: 'ChangePhoneRequest',
          description: 'The new number, and how its code is to travel.',
          examples: [{ phone: '+12025550199' }],
        },
      ),
      response: {
        200: answer('A code is on its way to the new number.', OpenChallengeBody),
        ...problems(...BODY_PROBLEMS, ...DATABASE_PROBLEMS, ...ISSUE_PROBLEMS, 'invalid_token', 'factor_disabled'),
      },
    },
    handler: async (request) => {
      const authorized = await deps.authorize(bearerToken(request), { fresh: true })
      const wish = deliveryWish(request, deps.channels)
      const input = { phone: request.body.phone, ...wish }
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
      summary: 'Enter the code that the new number got',
      description:
        'Makes the number that of the account. Ends every session, pending login and remembered device; the answer has the tokens of a new session, and the old number gets a notice. Guesses are counted as at `POST /verify`.',
      security: [{ accessToken: [] }],
      body: Exactly(
        { pending_token: PendingToken, code: Code },
        {
          title: 'VerifyPhoneRequest',
          description: 'The pending token and the code that the new number got.',
          examples: [{ pending_token: PENDING_TOKEN_EXAMPLE, code: '123456' }],
        },
      ),
      response: {
        200: answer('The number is changed; these are the only tokens.', GrantBody),
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
