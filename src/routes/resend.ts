import { openChallengeBody } from './open-challenge.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, ISSUE_PROBLEMS, problems } from './problem-schemas.ts'
import { contextOf, deliveryWish, type Route } from './route.ts'
import {
  ClientKind,
  Exactly,
  HumanCheckAnswer,
  IdempotentHeaders,
  OpenChallengeBody,
  PENDING_TOKEN_EXAMPLE,
  PendingToken,
  WantedChannel,
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
        'The pending token stays the same and ends when it would have ended; the former code is dead. Guesses already made count on, whatever the channel. Each further code makes the wait for the next one longer. A company that did not deliver comes last, and when no other is left for the channel, the next channel takes over unless `channel` says otherwise.',
      headers: IdempotentHeaders,
      body: Exactly(
        { pending_token: PendingToken, channel: WantedChannel, client: ClientKind, human_check: HumanCheckAnswer },
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
          ...ISSUE_PROBLEMS,
        ),
      },
    },
    handler: async (request) => {
      const pendingToken = request.body.pending_token
      const wish = deliveryWish(request, deps.channels)
      return openChallengeBody(await deps.resend({ pendingToken, ...wish }, contextOf(request)))
    },
  })
}
