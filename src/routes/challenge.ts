import { Type } from 'typebox'
import { maskPhone } from '../core/mask.ts'
import { DATABASE_PROBLEMS, problems } from './problem-schemas.ts'
import { bearerToken, type Route } from './route.ts'
import { ChannelName, DeliveryState, Exactly, Factor, MaskedPhone, Seconds } from './schemas.ts'

const ChallengeBody = Exactly(
  {
    factor: Factor,
    expires_in: Seconds('Time left', 240),
    attempts_left: Type.Integer({ minimum: 0, description: 'Guesses left.', examples: [5] }),
    delivery: Exactly({
      channel: ChannelName,
      destination: MaskedPhone,
      status: DeliveryState,
      resend_in: Seconds('Time until `POST /resend` is possible', 0),
    }),
    state: Type.Union([Type.Literal('waiting'), Type.Literal('approved'), Type.Literal('closed')], {
      description: '`waiting` for its code, `approved` when the code was right, `closed` when neither can be any more.',
      examples: ['waiting'],
    }),
  },
  {
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
      summary: 'Look at the challenge of a pending token',
      security: [{ pendingToken: [] }],
      response: {
        200: { description: 'The challenge.', ...ChallengeBody },
        ...problems('invalid_token', 'challenge_invalid', ...DATABASE_PROBLEMS),
      },
    },
    handler: async (request) => {
      const view = await deps.challengeStatus(bearerToken(request))
      return {
        factor: view.factor,
        expires_in: view.expiresIn,
        attempts_left: view.attemptsLeft,
        delivery: {
          channel: view.channel,
          destination: maskPhone(view.phone ?? ''),
          status: view.delivery,
          resend_in: view.resendIn,
        },
        state: view.state,
      }
    },
  })
}
