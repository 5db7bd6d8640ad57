import type { FastifyReply } from 'fastify'
import { type Static, Type } from 'typebox'
import { DURATIONS } from '../core/durations.ts'
import type { Grant } from '../core/session/grant.ts'
import { CLEAN_TEXT } from '../core/typed-text.ts'
import { Exactly } from '../http/exactly.ts'
import type { TokenCookies } from '../http/token-cookies.ts'
import { Seconds } from './schemas.ts'

const opaque = (prefix: string) => `^${prefix}[A-Za-z0-9_-]{43}$`

/** Tokens for examples; they serve nowhere. */
export const REFRESH_TOKEN_EXAMPLE = 'rt_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
const DEVICE_TOKEN_EXAMPLE = 'dt_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
const ACCESS_TOKEN_EXAMPLE = 'eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.eyJhY3IiOiJhYWwyIn0.c2lnbmF0dXJl'

/** A refresh token, as it was given. */
export const RefreshToken = Type.String({
  minLength: 46,
  maxLength: 46,
  pattern: opaque('rt_'),
  description: 'The refresh token, as it was answered. It serves once.',
  examples: [REFRESH_TOKEN_EXAMPLE],
})

/** A device token, as it was given. */
export const DeviceToken = Type.String({
  minLength: 46,
  maxLength: 46,
  pattern: opaque('dt_'),
  description: 'The device token, as it was answered. It serves once.',
  examples: [DEVICE_TOKEN_EXAMPLE],
})

/** What a client may call itself. */
export const DeviceName = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 64,
    pattern: CLEAN_TEXT,
    description: 'What this client is called in the lists of sessions and devices; by default its `User-Agent`.',
    examples: ['Telephone in the kitchen'],
  }),
)

/** What a caller holds after a login: the answer of `/verify` and of all that opens or renews a session. */
export const GrantBody = Exactly(
  {
    access_token: Type.String({
      description:
        'For your APIs, as `Authorization: Bearer …`. A JWT (RFC 9068) that they verify with the keys of `GET /.well-known/jwks.json`.',
      examples: [ACCESS_TOKEN_EXAMPLE],
    }),
    token_type: Type.Literal('Bearer', {
      description: 'How the access token is sent. Tells a grant from an open challenge.',
    }),
    expires_in: Seconds('Life of the access token', DURATIONS.accessTtl.default),
    refresh_token: Type.Optional(
      Type.String({
        description:
          'For `POST /refresh`, once. Absent where the server keeps it in a cookie (`REFRESH_COOKIE`). Keep it out of `localStorage`.',
        examples: [REFRESH_TOKEN_EXAMPLE],
      }),
    ),
    refresh_expires_in: Seconds(
      'Time for which the refresh token serves, if nobody uses it',
      DURATIONS.sessionIdle.default,
    ),
    device_token: Type.Optional(
      Type.String({
        description:
          'For `POST /login`, once, with the password and in the place of a code. Only after `remember_device`, and renewed by each login with it.',
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
