import { Type } from 'typebox'
import { DeviceName, GrantBody, grantBody } from './grant-body.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, problems } from './problem-schemas.ts'
import { contextOf, type Route } from './route.ts'
import { Code, Exactly, Factor, PENDING_TOKEN_EXAMPLE, PendingToken } from './schemas.ts'

/** `POST /verify`: a pending token and its code become a session. */
export const verify: Route = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/verify',
    onRequest: deps.limit('verify'),
    schema: {
      operationId: 'verify',
      tags: ['Login'],
      summary: 'Exchange the pending token and the code for tokens',
      description:
        'Step two. A challenge takes five guesses and gives one token; wrong codes also count against the account, over all its challenges. A malformed code is refused without being counted. For the pending token of `POST /register` it makes the account first.',
      body: Exactly(
        {
          pending_token: PendingToken,
          code: Code,
          factor: Type.Optional(Factor),
          remember_device: Type.Optional(
            Type.Boolean({
              description: 'Whether to answer a `device_token`, which stands in for codes to come.',
              examples: [true],
            }),
          ),
          device_name: DeviceName,
        },
        { examples: [{ pending_token: PENDING_TOKEN_EXAMPLE, code: '123456' }] },
      ),
      response: {
        200: { description: 'The code is right.', ...GrantBody },
        ...problems(
          ...BODY_PROBLEMS,
          'invalid_token',
          'invalid_code',
          'challenge_invalid',
          'factor_disabled',
          'factor_locked',
          'forbidden',
          'username_taken',
          ...DATABASE_PROBLEMS,
        ),
      },
    },
    handler: async (request, reply) => {
      const { pending_token: pendingToken, code, factor, remember_device: rememberDevice, device_name } = request.body
      const granted = await deps.verify(
        {
          pendingToken,
          code,
          ...(factor && { factor }),
          ...(rememberDevice && { rememberDevice }),
          ...(device_name && { deviceName: device_name }),
        },
        contextOf(request),
      )
      return grantBody(granted, reply, deps.cookies)
    },
  })
}
