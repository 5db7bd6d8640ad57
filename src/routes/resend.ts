import { DEFAULT_LIMITS } from '../core/limits.ts'
import { durationInWords } from '../core/quantity.ts'
import { Exactly } from '../http/exactly.ts'
import { OpenChallengeBody, PENDING_TOKEN_EXAMPLE, PendingToken } from './challenge-schemas.ts'
import { openChallengeBody } from './open-challenge.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, ISSUE_PROBLEMS, problems } from './problems/schemas.ts'
import { contextOf, deliveryWish, type Route } from './route.ts'
import { answer } from './schemas.ts'
import { ClientKind, HumanCheckAnswer, SendingHeaders, WantedChannel } from './sending-schemas.ts'

/** The first wait between two codes, and the one that repeats. */
const [FIRST_WAIT = 0, LAST_WAIT = FIRST_WAIT] = [0, -1].map((place) => DEFAULT_LIMITS.cooldowns.at(place))

/** `POST /resend`: another code for the same challenge. */
export const resend: Route = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/resend',
    schema: {
      operationId: 'resend',
      tags: ['Login'],
      summary: 'Send another code',
      description: `For whoever has waited in vain. The pending token stays the same and expires when it would have expired; only the newest code is right, and guesses already made still count. Each further code makes the wait for the next one longer, from ${durationInWords(FIRST_WAIT)} to ${durationInWords(LAST_WAIT)}.\n\nA company that did not deliver comes last this time. When no other one is left, the next channel takes over, unless \`channel\` names one.`,
      headers: SendingHeaders,
      body: Exactly(
        { pending_token: PendingToken, channel: WantedChannel, client: ClientKind, human_check: HumanCheckAnswer },
        {
          title: 'ResendRequest',
          description: 'The login that waits, and how another code is to travel.',
          examples: [{ pending_token: PENDING_TOKEN_EXAMPLE }],
        },
      ),
      response: {
        200: answer('Another code is on its way.', OpenChallengeBody),
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
