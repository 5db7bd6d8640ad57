import { Type } from 'typebox'
import { maskPhone } from '../core/delivery/phone.ts'
import { Exactly } from '../http/exactly.ts'
import { Factor } from './challenge-schemas.ts'
import { DATABASE_PROBLEMS, problems } from './problems/schemas.ts'
import { bearerToken, type Route } from './route.ts'
import { answer } from './schemas.ts'
import { MaskedPhone } from './user-schemas.ts'

const MeBody = Exactly(
  {
    id: Type.String({
      format: 'uuid',
      description: 'The id of the user: `sub` of their tokens.',
      examples: ['5f0c1f5a-6f5e-4f6a-8f0e-2f1d3c4b5a69'],
    }),
    username: Type.String({ description: 'The user name as it was first entered.', examples: ['demo'] }),
    phone: Type.Union([MaskedPhone, Type.Null()]),
    factors: Type.Array(Factor, { description: 'The second factors of the account.' }),
  },
  {
    title: 'Me',
    description: 'The user of an access token.',
    examples: [{ id: '5f0c1f5a-6f5e-4f6a-8f0e-2f1d3c4b5a69', username: 'demo', phone: '********43', factors: ['sms'] }],
  },
)

/** `GET /me` returns the user of the access token. */
export const me: Route = (app, deps) => {
  app.route({
    method: 'GET',
    url: '/me',
    schema: {
      operationId: 'getMe',
      tags: ['Account'],
      summary: 'Get the user',
      description:
        'Returns the user of the access token. Your own APIs do not need this call: they verify the token with the public keys.',
      security: [{ accessToken: [] }],
      response: {
        200: answer('The user.', MeBody),
        ...problems('invalid_token', ...DATABASE_PROBLEMS),
      },
    },
    handler: async (request) => {
      const { account } = await deps.authorize(bearerToken(request))
      const phone = account.factors.find(({ destination }) => destination !== null)?.destination
      return {
        id: account.userId,
        username: account.username,
        phone: phone ? maskPhone(phone) : null,
        factors: account.factors.map(({ name }) => name),
      }
    },
  })
}
