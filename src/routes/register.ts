import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { OpenChallengeBody } from './challenge-schemas.ts'
import { openChallengeBody } from './open-challenge.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, ISSUE_PROBLEMS, problems } from './problems/schemas.ts'
import { contextOf, deliveryWish, type Route } from './route.ts'
import { answer } from './schemas.ts'
import { ClientKind, HumanCheckAnswer, SendingHeaders, WantedChannel } from './sending-schemas.ts'
import { Locale, NewPassword, PhoneNumber, Username } from './user-schemas.ts'

/** `POST /register`: a name, a password and a number become a pending token and a code on its way. */
export const register: Route = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/register',
    onRequest: deps.limit('register'),
    schema: {
      operationId: 'register',
      tags: ['Account'],
      summary: 'Register',
      description:
        'Sends a code to the number; `POST /verify` with that code makes the account and logs in. Until then the name stays free: whoever enters their code first has it, and the other gets `username_taken` there. Whether a number belongs to somebody is never said.\n\nAnswers `forbidden` unless the server lets everybody register (`REGISTRATION=open`), or those with an invite (`invite`) and the invite is good.',
      headers: SendingHeaders,
      body: Exactly(
        {
          username: Username,
          password: NewPassword,
          phone: PhoneNumber,
          invite: Type.Optional(
            Type.String({
              minLength: 47,
              maxLength: 47,
              pattern: '^inv_[A-Za-z0-9_-]{43}$',
              description: 'Where accounts are for invited people: what `doorcode invite` printed.',
              examples: ['inv_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
            }),
          ),
          locale: Type.Optional(Locale),
          channel: WantedChannel,
          client: ClientKind,
          human_check: HumanCheckAnswer,
        },
        {
          title: 'RegisterRequest',
          description: 'The account that is wanted.',
          examples: [{ username: 'ada', password: 'correct horse battery staple', phone: '+12025550143' }],
        },
      ),
      response: {
        200: answer('A code is on its way.', OpenChallengeBody),
        ...problems(
          ...BODY_PROBLEMS,
          ...DATABASE_PROBLEMS,
          ...ISSUE_PROBLEMS,
          'challenge_invalid',
          'username_taken',
          'password_rejected',
        ),
      },
    },
    handler: async (request) => {
      const { username, password, phone, invite, locale } = request.body
      const wish = deliveryWish(request, deps.channels)
      const input = { username, password, phone, ...(invite && { invite }), ...(locale && { locale }), ...wish }
      return openChallengeBody(await deps.register(input, contextOf(request)))
    },
  })
}
