import { DEFAULT_LIMITS } from '../core/limits.ts'
import { durationInWords } from '../core/quantity.ts'
import { Exactly } from '../http/exactly.ts'
import { OpenChallengeBody, PENDING_TOKEN_EXAMPLE, PendingToken } from './challenge-schemas.ts'
import { openChallengeBody } from './open-challenge.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, ISSUE_PROBLEMS, problems } from './problems/schemas.ts'
import { contextOf, type Route, readDeliveryOptions } from './route.ts'
import { answer } from './schemas.ts'
import { ClientKind, HumanCheckAnswer, SendingHeaders, WantedChannel } from './sending-schemas.ts'

/** The shortest and the longest cooldown between two codes, in seconds. */
const [FIRST_WAIT = 0, LAST_WAIT = FIRST_WAIT] = [0, -1].map((place) => DEFAULT_LIMITS.cooldowns.at(place))

/** `POST /resend` sends another code for the same challenge. */
export const resend: Route = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/resend',
    schema: {
      operationId: 'resend',
      tags: ['Login'],
      summary: 'Send another code',
      description: `Sends another code if the first one did not arrive. The pending token and its expiry stay the same. Only the newest code is valid, and earlier guesses still count. The cooldown grows with each code, from ${durationInWords(FIRST_WAIT)} to ${durationInWords(LAST_WAIT)}.\n\nProviders that did not deliver the previous code are tried last. If no other provider is left, the next channel is used, unless \`channel\` names one.`,
      headers: SendingHeaders,
      body: Exactly(
        { pending_token: PendingToken, channel: WantedChannel, client: ClientKind, human_check: HumanCheckAnswer },
        {
          title: 'ResendRequest',
          description: 'The pending token, and delivery options for the new code.',
          examples: [{ pending_token: PENDING_TOKEN_EXAMPLE }],
        },
      ),
      response: {
        200: answer('Another code was sent.', OpenChallengeBody),
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
      const deliveryOptions = readDeliveryOptions(request, deps.channels)
      return openChallengeBody(await deps.resend({ pendingToken, ...deliveryOptions }, contextOf(request)))
    },
  })
}
