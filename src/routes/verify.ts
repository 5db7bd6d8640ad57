import { Type } from 'typebox'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, problems } from './problem-schemas.ts'
import { contextOf, type Route } from './route.ts'
import { Exactly, Factor, PENDING_TOKEN_EXAMPLE, PendingToken, Seconds } from './schemas.ts'

const Code = Type.String({
  pattern: '^[0-9]{6,8}$',
  description: '6 to 8 ASCII digits, nothing else.',
  examples: ['123456'],
})

const AccessToken = Exactly(
  {
    access_token: Type.String({
      description: 'An RFC 9068 access token, to be verified with the keys of `/.well-known/jwks.json`.',
    }),
    token_type: Type.Literal('Bearer'),
    expires_in: Seconds('Life of the token', 600),
  },
  {
    examples: [
      {
        access_token: 'eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.eyJhY3IiOiJhYWwyIn0.c2lnbmF0dXJl',
        token_type: 'Bearer',
        expires_in: 600,
      },
    ],
  },
)

/** `POST /verify`: a pending token and its code become an access token. */
export const verify: Route = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/verify',
    onRequest: deps.limit('verify'),
    schema: {
      operationId: 'verify',
      tags: ['Login'],
      summary: 'Exchange the pending token and the code for an access token',
      description:
        'Step two. A challenge takes five guesses and gives one token; wrong codes also count against the account, over all its challenges. A malformed code is refused without being counted.',
      body: Exactly(
        { pending_token: PendingToken, code: Code, factor: Type.Optional(Factor) },
        { examples: [{ pending_token: PENDING_TOKEN_EXAMPLE, code: '123456' }] },
      ),
      response: {
        200: { description: 'The code is right.', ...AccessToken },
        ...problems(
          ...BODY_PROBLEMS,
          'invalid_token',
          'invalid_code',
          'challenge_invalid',
          'factor_disabled',
          'factor_locked',
          ...DATABASE_PROBLEMS,
        ),
      },
    },
    handler: async (request) => {
      const { pending_token: pendingToken, code, factor } = request.body
      const granted = await deps.verify({ pendingToken, code, ...(factor && { factor }) }, contextOf(request))
      return { access_token: granted.accessToken, token_type: 'Bearer' as const, expires_in: granted.expiresIn }
    },
  })
}
