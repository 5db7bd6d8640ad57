import { Type } from 'typebox'
import { DEFAULT_LIMITS } from '../core/limits.ts'
import { countInWords, durationInWords } from '../core/quantity.ts'
import { Exactly } from '../http/exactly.ts'
import { Code, Factor, PENDING_TOKEN_EXAMPLE, PendingToken } from './challenge-schemas.ts'
import { DeviceName, GrantBody, grantBody } from './grant-body.ts'
import { BODY_PROBLEMS, DATABASE_PROBLEMS, problems } from './problems/schemas.ts'
import { contextOf, type Route } from './route.ts'
import { answer } from './schemas.ts'

const { attemptsPerChallenge, failuresPerLock, firstLock } = DEFAULT_LIMITS

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
      description: `Step two of a login. The right code is answered with an access token, for your APIs, and a refresh token, for \`POST /refresh\`.\n\nA pending token serves once and takes ${countInWords(attemptsPerChallenge)} guesses. Wrong codes also count against the account, over all its logins: after ${countInWords(failuresPerLock)} in a row it takes none for ${durationInWords(firstLock)} (\`factor_locked\`). A code may have spaces, hyphens and dots between its digits, and digits of any script; one of another form is refused without being counted. If the answer is lost, the code is spent, and the user logs in again.\n\nWith the pending token of \`POST /register\`, the account is made first.`,
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
        {
          title: 'VerifyRequest',
          description: 'The pending token and what the user typed.',
          examples: [{ pending_token: PENDING_TOKEN_EXAMPLE, code: '123456' }],
        },
      ),
      response: {
        200: answer('The code is right.', GrantBody),
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
