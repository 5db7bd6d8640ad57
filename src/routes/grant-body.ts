import type { FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Grant } from '../core/grant.ts'
import type { TokenCookies } from '../http/token-cookies.ts'
import { Exactly, Seconds } from './schemas.ts'

const opaque = (prefix: string) => `^${prefix}[A-Za-z0-9_-]{43}$`

/** A refresh token, as it was given. */
export const RefreshToken = Type.String({
  minLength: 46,
  maxLength: 46,
  pattern: opaque('rt_'),
  description: 'The refresh token, as it was answered. It serves once.',
  examples: ['rt_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
})

/** A device token, as it was given. */
export const DeviceToken = Type.String({
  minLength: 46,
  maxLength: 46,
  pattern: opaque('dt_'),
  description: 'The device token, as it was answered. It serves once.',
  examples: ['dt_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
})

/** What a client may call itself. */
export const DeviceName = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 64,
    pattern: '^[^\\p{Cc}\\p{Cs}]*$',
    description: 'What this client is called in the lists of sessions and devices; by default its `User-Agent`.',
    examples: ['Telephone in the kitchen'],
  }),
)

/** What a caller holds after a login: the answer of `/verify` and of all that opens or renews a session. */
export const GrantBody = Exactly(
  {
    access_token: Type.String({
      description: 'An RFC 9068 access token, to be verified with the keys of `/.well-known/jwks.json`.',
    }),
    token_type: Type.Literal('Bearer'),
    expires_in: Seconds('Life of the access token', 600),
    refresh_token: Type.Optional(
      Type.String({
        description:
          'For `POST /refresh`, once. Absent where the server keeps it in a cookie (`REFRESH_COOKIE`). Keep it out of `localStorage`.',
      }),
    ),
    refresh_expires_in: Seconds('Time for which the refresh token serves, if nobody uses it', 3_600),
    device_token: Type.Optional(
      Type.String({
        description:
          'For `POST /login`, once, with the password and in the place of a code. Only after `remember_device`, and renewed by each login with it.',
      }),
    ),
    device_expires_in: Type.Optional(Seconds('Time for which the device is remembered', 2_592_000)),
  },
  {
    examples: [
      {
        access_token: 'eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.eyJhY3IiOiJhYWwyIn0.c2lnbmF0dXJl',
        token_type: 'Bearer',
        expires_in: 600,
        refresh_token: 'rt_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
        refresh_expires_in: 3_600,
      },
    ],
  },
)

/** A grant in the contract's spelling; tokens that travel by cookie are set on the reply. */
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
