import { Type } from 'typebox'
import { IDEMPOTENCY_KEY_MAX_LENGTH, IDEMPOTENCY_KEY_MIN_LENGTH } from '../core/challenge/idempotency.ts'
import { CHANNELS, CLIENTS } from '../core/delivery/ports.ts'

const KEY = `[\\x21\\x23-\\x7e]{${IDEMPOTENCY_KEY_MIN_LENGTH},${IDEMPOTENCY_KEY_MAX_LENGTH}}`

/** The headers of a route that sends a code. */
export const SendingHeaders = Type.Object({
  'accept-language': Type.Optional(
    Type.String({
      description: 'The languages that the user reads, in which the message is written if the server has one of them.',
      examples: ['pt-BR, en;q=0.8'],
    }),
  ),
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: IDEMPOTENCY_KEY_MIN_LENGTH,
      maxLength: IDEMPOTENCY_KEY_MAX_LENGTH + 2,
      pattern: `^(?:${KEY}|"${KEY}")$`,
      description: `A random value of the client's own, best a UUID, ${IDEMPOTENCY_KEY_MIN_LENGTH} to ${IDEMPOTENCY_KEY_MAX_LENGTH} visible characters, with or without quotes (draft-ietf-httpapi-idempotency-key-header-07). Make one for each thing that the user does. If the answer is lost, the same call with the same key gets it again and no second message is sent, for the life of the code. Keep it as secret as the password.`,
      examples: ['"8e03978e-40d5-43e8-bc93-6894a57f9324"'],
    }),
  ),
})

/** The channel a caller asks for; which ones there are depends on the companies of the server. */
export const WantedChannel = Type.Optional(
  Type.Enum([...CHANNELS], {
    title: 'Channel',
    description:
      'How the code is to travel: by text message, read out by a call, or by WhatsApp. Which of them there are depends on the delivery companies of the server; by default the first that it has.',
    examples: ['voice'],
  }),
)

/** What kind of client a text is for. */
export const ClientKind = Type.Optional(
  Type.Enum([...CLIENTS], {
    title: 'ClientKind',
    description:
      'What the user enters the code with. For `android` the text ends in the hash of the app, where the server knows it, so that the app can read the code; else it ends in the line that browsers and iOS read.',
    examples: ['web'],
  }),
)

/** The solution of what a problem asked for. */
export const HumanCheckAnswer = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 4_096,
    pattern: '^[\\x21-\\x7e]+$',
    description:
      'The solution of the `human_check` that the problem `forbidden` of an earlier call had. Leave it out until it is asked for: each serves once.',
    examples: ['RyUvG4W9yBq0a1bT.tk2r8g.18.m2Jt0pX9hYvW3kQ8sLz4Ng:4x1c'],
  }),
)
