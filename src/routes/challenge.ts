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
    attempts_left: Type.Integer({ minimum: 0, description: 'How many wrong codes it still takes.', examples: [5] }),
    options: FactorOptions,
    delivery: Type.Optional(Delivery),
    state: Type.Union([Type.Literal('waiting'), Type.Literal('approved'), Type.Literal('closed')], {
      title: 'ChallengeState',
      description: '`waiting` for its code; `approved`: the code was right; `closed`: neither can be any more.',
      examples: ['waiting'],
    }),
  },
  {
    title: 'Challenge',
    description: 'How far a login has come.',
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

/** `GET /challenge`: what has become of a challenge. */
export const challenge: Route = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/challenge',
    schema: {
      operationId: 'getChallenge',
      tags: ['Login'],
      summary: 'See how far a login has come',
      description:
        'How far a login has come, without using anything up: whether the message has arrived, how many guesses are left, and when another code may be asked for. For pages that were reloaded, and for those that want to show that the message was delivered.',
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
