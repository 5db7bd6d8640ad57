import type { FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { DURATIONS } from '../core/durations.ts'
import type { Grant } from '../core/session/grant.ts'
import { CLEAN_TEXT } from '../core/typed-text.ts'
import { Exactly } from '../http/exactly.ts'
import type { TokenCookies } from '../http/token-cookies.ts'
import { Seconds } from './schemas.ts'

const opaque = (prefix: string) => `^${prefix}[A-Za-z0-9_-]{43}$`

/** An example of a refresh token; it is not valid. */
export const REFRESH_TOKEN_EXAMPLE = 'rt_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
const DEVICE_TOKEN_EXAMPLE = 'dt_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
const ACCESS_TOKEN_EXAMPLE = 'eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.eyJhY3IiOiJhYWwyIn0.c2lnbmF0dXJl'

/** The schema of a refresh token. */
export const RefreshToken = Type.String({
  minLength: 46,
  maxLength: 46,
  pattern: opaque('rt_'),
  description: 'The refresh token, as it was returned. It can be used once.',
  examples: [REFRESH_TOKEN_EXAMPLE],
})

/** The schema of a device token. */
export const DeviceToken = Type.String({
  minLength: 46,
  maxLength: 46,
  pattern: opaque('dt_'),
  description: 'The device token, as it was returned. It can be used once.',
  examples: [DEVICE_TOKEN_EXAMPLE],
})

/** The schema of the name that a client gives to its device. */
export const DeviceName = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 64,
    pattern: CLEAN_TEXT,
    description: 'The name of this client in the lists of sessions and devices. Default: its `User-Agent`.',
    examples: ['Kitchen phone'],
  }),
)

/** The schema of a grant: the response of every route that opens or renews a session. */
export const GrantBody = Exactly(
  {
    access_token: Type.String({
      description:
        'The access token: a JWT (RFC 9068). Send it to your APIs as `Authorization: Bearer …`. They verify it with the keys at `GET /.well-known/jwks.json`.',
      examples: [ACCESS_TOKEN_EXAMPLE],
    }),
    token_type: Type.Literal('Bearer', {
      description: 'The scheme of the access token. Identifies a grant, as opposed to an open challenge.',
    }),
    expires_in: Seconds('Lifetime of the access token', DURATIONS.accessTtl.default),
    refresh_token: Type.Optional(
      Type.String({
        description:
          'The refresh token, for one call of `POST /refresh`. Absent if the server sends it in a cookie (`REFRESH_COOKIE`). Do not store it in `localStorage`.',
        examples: [REFRESH_TOKEN_EXAMPLE],
      }),
    ),
    refresh_expires_in: Seconds('Time until the unused refresh token expires', DURATIONS.sessionIdle.default),
    device_token: Type.Optional(
      Type.String({
        description:
          'The device token, for one call of `POST /login` with the password instead of a code. Returned after `remember_device`, and renewed by each login with it.',
        examples: [DEVICE_TOKEN_EXAMPLE],
      }),
    ),
    device_expires_in: Type.Optional(Seconds('Time for which the device is remembered', DURATIONS.deviceTtl.default)),
  },
  {
    title: 'Grant',
    description: 'The tokens of a session.',
    examples: [
      {
        access_token: ACCESS_TOKEN_EXAMPLE,
        token_type: 'Bearer',
        expires_in: DURATIONS.accessTtl.default,
        refresh_token: REFRESH_TOKEN_EXAMPLE,
        refresh_expires_in: DURATIONS.sessionIdle.default,
      },
    ],
  },
)

/**
 * Returns the response body of a grant: `access_token`, `refresh_token`, their lifetimes, and `device_token` if there is one.
 * With `REFRESH_COOKIE`, refresh and device token are set as cookies on the reply instead.
 */
export const grantBody = (
  { accessToken, expiresIn, refresh, device }: Grant,
  reply: FastifyReply,
  cookies: TokenCookies,
): Static<typeof GrantBody> => ({
  access_token: accessToken,
  token_type: 'Bearer',
  expires_in: expiresIn,
  ...(!cookies.give(reply, 'refresh', refresh.token, refresh.expiresIn) && { refresh_token: refresh.token }),
  refresh_expires_in: refresh.expiresIn,
  ...(device && {
    ...(!cookies.give(reply, 'device', device.token, device.expiresIn) && { device_token: device.token }),
    device_expires_in: device.expiresIn,
  }),
})
