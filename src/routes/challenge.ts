import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { Delivery, Factor, FactorOptions } from './challenge-schemas.ts'
import { deliveryBody } from './open-challenge.ts'
import { DATABASE_PROBLEMS, problems } from './problems/schemas.ts'
import { bearerToken, type Route } from './route.ts'
import { answer, Seconds } from './schemas.ts'

const ChallengeBody = Exactly(
  {
    factor: Factor,
    expires_in: Seconds('Time left for the code', 240),
    attempts_left: Type.Integer({ minimum: 0, description: 'The number of guesses that are left.', examples: [5] }),
    options: FactorOptions,
    delivery: Type.Optional(Delivery),
    state: Type.Union([Type.Literal('waiting'), Type.Literal('approved'), Type.Literal('closed')], {
      title: 'ChallengeState',
      description:
        'The state of the challenge. `waiting`: it waits for its code. `approved`: the correct code was entered. `closed`: it ended without a correct code.',
      examples: ['waiting'],
    }),
  },
  {
    title: 'Challenge',
    description: 'The status of a challenge.',
    examples: [
      {
        factor: 'sms',
        expires_in: 240,
        attempts_left: 5,
        delivery: { channel: 'sms', destination: '********43', status: 'sent', resend_in: 0 },
        state: 'waiting',
      },
    ],
  },
)

/** `GET /challenge` returns the status of a challenge. */
export const challenge: Route = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/challenge',
    schema: {
      operationId: 'getChallenge',
      tags: ['Login'],
      summary: 'Get the status of a login',
      description:
        'Returns the delivery status of the message, the number of guesses left, and the time until another code may be requested. The call does not count as a guess. Use it after a page reload, or to show that the message was delivered.',
      security: [{ pendingToken: [] }],
      response: {
        200: answer('The challenge.', ChallengeBody),
        ...problems('invalid_token', 'challenge_invalid', ...DATABASE_PROBLEMS),
      },
    },
    handler: async (request) => {
      const { factor, expiresIn, attemptsLeft, options, delivery, state } = await deps.challengeStatus(
        bearerToken(request),
      )
      return {
        factor,
        expires_in: expiresIn,
        attempts_left: attemptsLeft,
        ...(options && { options }),
        ...(delivery && { delivery: deliveryBody(delivery) }),
        state,
      }
    },
  })
}
