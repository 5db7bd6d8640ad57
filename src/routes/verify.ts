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

/** `POST /verify` exchanges a pending token and its code for a session. */
export const verify: Route = (app, deps) => {
  app.route({
    method: 'POST',
    url: '/verify',
    onRequest: deps.limit('verify'),
    schema: {
      operationId: 'verify',
      tags: ['Login'],
      summary: 'Exchange the pending token and the code for tokens',
      description: `Step two of a login. A correct code returns an access token for your APIs and a refresh token for \`POST /refresh\`.\n\nA pending token can be used once and allows ${countInWords(attemptsPerChallenge)} guesses. Wrong codes also count for the account, across all its logins: after ${countInWords(failuresPerLock)} in a row, the account accepts no codes for ${durationInWords(firstLock)} (\`factor_locked\`). A code may contain spaces, hyphens and dots, and digits of any script. Other formats are rejected and do not count as guesses. If the response is lost, the code is used and the user must log in again.\n\nWith the pending token of \`POST /register\`, the call first creates the account.`,
      body: Exactly(
        {
          pending_token: PendingToken,
          code: Code,
          factor: Type.Optional(Factor),
          remember_device: Type.Optional(
            Type.Boolean({
              description: 'If true, the response has a `device_token`, which replaces the code at further logins.',
              examples: [true],
            }),
          ),
          device_name: DeviceName,
        },
        {
          title: 'VerifyRequest',
          description: 'The pending token, and the code that the user entered.',
          examples: [{ pending_token: PENDING_TOKEN_EXAMPLE, code: '123456' }],
        },
      ),
      response: {
        200: answer('The code is correct.', GrantBody),
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
