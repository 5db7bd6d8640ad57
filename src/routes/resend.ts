import { Type } from 'typebox'
import { openChallengeBody } from './open-challenge.ts'
import { contextOf, type Route } from './route.ts'
import {
  BODY_PROBLEMS,
  ChannelName,
  DATABASE_PROBLEMS,
  Exactly,
  OpenChallengeBody,
  PENDING_TOKEN_EXAMPLE,
  PendingToken,
  problems,
} from './schemas.ts'

/** `POST /resend`: another code for the same challenge. */
export const resend: Route = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/resend',
    schema: {
      operationId: 'resend',
      tags: ['Login'],
      summary: 'Send another code',
      description:
        'The pending token stays the same and ends when it would have ended; the former code is dead. Guesses already made count on. Each further code makes the wait for the next one longer.',
      body: Exactly(
        { pending_token: PendingToken, channel: Type.Optional(ChannelName) },
        { examples: [{ pending_token: PENDING_TOKEN_EXAMPLE }] },
      ),
      response: {
        200: { description: 'Another code is on its way.', ...OpenChallengeBody },
        ...problems(
          ...BODY_PROBLEMS,
          ...DATABASE_PROBLEMS,
          'invalid_token',
          'challenge_invalid',
          'factor_disabled',
          'factor_locked',
          'destination_not_allowed',
          'resend_cooldown',
          'sms_unavailable',
        ),
      },
    },
    handler: async (request) => {
      const { pending_token: pendingToken, channel } = request.body
      return openChallengeBody(await deps.resend({ pendingToken, ...(channel && { channel }) }, contextOf(request)))
    },
  })
}
