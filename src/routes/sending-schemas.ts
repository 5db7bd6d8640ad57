import { Type } from 'typebox'
import { IDEMPOTENCY_KEY_MAX_LENGTH, IDEMPOTENCY_KEY_MIN_LENGTH } from '../core/challenge/idempotency.ts'
import { CHANNELS, CLIENTS } from '../core/delivery/ports.ts'

const KEY = `[\\x21\\x23-\\x7e]{${IDEMPOTENCY_KEY_MIN_LENGTH},${IDEMPOTENCY_KEY_MAX_LENGTH}}`

/** The schema of the request headers of a route that sends a code. */
export const SendingHeaders = Type.Object({
  'accept-language': Type.Optional(
    Type.String({
      description: 'The languages of the user. The message is sent in the first of them that the server supports.',
      examples: ['pt-BR, en;q=0.8'],
    }),
  ),
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: IDEMPOTENCY_KEY_MIN_LENGTH,
      maxLength: IDEMPOTENCY_KEY_MAX_LENGTH + 2,
      pattern: `^(?:${KEY}|"${KEY}")$`,
      description: `A random value of ${IDEMPOTENCY_KEY_MIN_LENGTH} to ${IDEMPOTENCY_KEY_MAX_LENGTH} visible characters, preferably a UUID, with or without quotes (draft-ietf-httpapi-idempotency-key-header-07). Create one for each user action. If the response is lost, repeat the call with the same key: during the lifetime of the code it returns the same response and sends no second message. Protect the key like the password.`,
      examples: ['"8e03978e-40d5-43e8-bc93-6894a57f9324"'],
    }),
  ),
})

/** The schema of the requested channel. The available channels depend on the providers of the server. */
export const WantedChannel = Type.Optional(
  Type.Enum([...CHANNELS], {
    title: 'Channel',
    description:
      'The channel of the code: a text message, a voice call or WhatsApp. The available channels depend on the providers of the server. Default: the first available channel.',
    examples: ['voice'],
  }),
)

/** The schema of the client's platform, which decides the last line of a text message. */
export const ClientKind = Type.Optional(
  Type.Enum([...CLIENTS], {
    title: 'ClientKind',
    description:
      'The platform on which the user enters the code. For `android`, the text message ends with the app hash if the server has one, so that the app can read the code. Otherwise it ends with the line that browsers and iOS read.',
    examples: ['web'],
  }),
)

/** The schema of the solution of a human check. */
export const HumanCheckAnswer = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 4_096,
    pattern: '^[\\x21-\\x7e]+$',
    description:
      'The solution of the `human_check` from a previous `forbidden` problem. Send it only after such a problem; each solution can be used once.',
    examples: ['RyUvG4W9yBq0a1bT.tk2r8g.18.m2Jt0pX9hYvW3kQ8sLz4Ng:4x1c'],
  }),
)
