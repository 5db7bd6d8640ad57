import { Type } from 'typebox'
import { Exactly } from '../http/exactly.ts'
import { OpenChallengeBody } from './challenge-schemas.ts'
import { openChallengeBody } from './open-challenge.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, ISSUE_PROBLEMS, problems } from './problems/schemas.ts'
import { contextOf, type Route, readDeliveryOptions } from './route.ts'
import { answer } from './schemas.ts'
import { ClientKind, HumanCheckAnswer, SendingHeaders, WantedChannel } from './sending-schemas.ts'
import { Locale, NewPassword, PhoneNumber, Username } from './user-schemas.ts'

/** `POST /register` starts a registration: it sends a code to the number and returns a pending token. */
export const register: Route = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/register',
    onRequest: deps.limit('register'),
    schema: {
      operationId: 'register',
      tags: ['Account'],
      summary: 'Register an account',
      description:
        'Sends a code to the number. `POST /verify` with that code creates the account and logs in. Until then the user name is not reserved: the first user to enter their code gets it, and other users get `username_taken` at `POST /verify`. The response never reveals whether another account uses the number.\n\nReturns `forbidden` unless registration is open (`REGISTRATION=open`), or needs an invite (`REGISTRATION=invite`) and the invite is valid.',
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
              description: 'The invite printed by `doorcode invite`. Required if `REGISTRATION` is `invite`.',
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
          description: 'The account to create.',
          examples: [{ username: 'ada', password: 'correct horse battery staple', phone: '+12025550143' }],
        },
      ),
      response: {
        200: answer('A code was sent.', OpenChallengeBody),
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
      const deliveryOptions = readDeliveryOptions(request, deps.channels)
      const input = {
        username,
        password,
        phone,
        ...(invite && { invite }),
        ...(locale && { locale }),
        ...deliveryOptions,
      }
      return openChallengeBody(await deps.register(input, contextOf(request)))
    },
  })
}
