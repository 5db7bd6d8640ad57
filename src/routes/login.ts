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
        'Step one. Answers a pending-2fa token for `POST /verify` and sends a code to the phone of the account. Within the cooldown after a code was sent, a right password gets `resend_cooldown` and the code already sent stays valid; after it, a new login replaces the former challenge.',
      headers: IdempotentHeaders,
      body: Exactly(
        {
          username: Username,
          password: Password,
          channel: WantedChannel,
          client: ClientKind,
          human_check: HumanCheckAnswer,
        },
        { examples: [{ username: 'demo', password: 'let me in please' }] },
      ),
      response: {
        200: { description: 'The password is right; a code is on its way.', ...OpenChallengeBody },
        ...problems(...BODY_PROBLEMS, ...DATABASE_PROBLEMS, ...ISSUE_PROBLEMS, 'invalid_credentials'),
      },
    },
    handler: async (request) => {
      const { username, password } = request.body
      const wish = deliveryWish(request, deps.channels)
      return openChallengeBody(await deps.login({ username, password, ...wish }, contextOf(request)))
    },
  })
}
