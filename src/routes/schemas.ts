import { type TSchema, Type } from 'typebox'
import { IDEMPOTENCY_KEY_MIN_LENGTH } from '../core/challenge/idempotency.ts'
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../core/challenge/password.ts'
import { CHANNELS, CLIENTS, DELIVERY_STATUSES } from '../core/delivery/ports.ts'
import { USERNAME_MAX_LENGTH } from '../core/login/username.ts'
import { Exactly } from '../http/exactly.ts'

/** Neither control characters, which Postgres refuses or logs show raw, nor half of a surrogate pair. */
const CLEAN_TEXT = '^[^\\p{Cc}\\p{Cs}]*$'

/** A success as the documents have it: what it means here, and the shape that it has. */
export const answer = <S extends TSchema>(description: string, schema: S, headers?: Record<string, object>) => ({
  ...schema,
  'x-response-description': description,
  ...(headers && { headers }),
})

/** A name to log in with. */
export const Username = Type.String({
  minLength: 1,
  maxLength: USERNAME_MAX_LENGTH,
  pattern: CLEAN_TEXT,
  description: `1 to ${USERNAME_MAX_LENGTH} characters, no control characters; an e-mail address, for one. Case and width do not matter.`,
  examples: ['demo'],
})

/** A password to log in with. */
export const Password = Type.String({
  minLength: 1,
  maxLength: PASSWORD_MAX_LENGTH,
  pattern: CLEAN_TEXT,
  description: `1 to ${PASSWORD_MAX_LENGTH} characters, no control characters.`,
  examples: ['correct horse battery staple'],
})

/** A password to have from now on; how short it may be is said with the reason, in `password_rejected`. */
export const NewPassword = Type.String({
  minLength: 1,
  maxLength: PASSWORD_MAX_LENGTH,
  pattern: CLEAN_TEXT,
  description: `${PASSWORD_MIN_LENGTH} to ${PASSWORD_MAX_LENGTH} characters of any kind, and not one that many people have.`,
  examples: ['an older tale of four other words'],
})

/** What people and clipboards put between the digits of a code, and `foldCode` takes out. */
const SEPARATOR = '[.\\p{Zs}\\p{Pd}\\p{Cf}\\u2212]*'

/** A code to enter. */
export const Code = Type.String({
  minLength: 6,
  maxLength: 64,
  pattern: `^${SEPARATOR}(?:\\p{Nd}${SEPARATOR}){6,8}$`,
  description:
    '6 to 8 digits, of any script. Spaces, hyphens, dashes, dots and invisible marks around them are taken; anything else is refused, and such a code is not counted.',
  examples: ['123456'],
})

/** A number as people write it. */
export const PhoneNumber = Type.String({
  minLength: 8,
  maxLength: 64,
  description:
    'A phone number with `+` and its country code. Spaces, hyphens, dots, slashes, parentheses, invisible marks, `tel:` and digits of any script are taken; it is stored, counted and sent to in one spelling, E.164.',
  examples: ['+12025550143'],
})

/** The id of a thing. */
export const Id = (description: string) =>
  Type.String({
    // Not `format`, which leaves the case of the letters open.
    minLength: 36,
    maxLength: 36,
    pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
    description,
    examples: ['0e3b1c9e-4c0f-4c3f-9a55-0d4b8a9f2d11'],
  })

/** A moment. */
export const Moment = (description: string) =>
  Type.String({ format: 'date-time', description, examples: ['2026-11-24T10:00:00.000Z'] })

/** What a client called itself, if it did. */
export const Nameable = Type.Union([Type.String(), Type.Null()], {
  description: 'What the client calls itself: its `device_name`, or its `User-Agent`.',
  examples: ['Telephone in the kitchen'],
})

/** Where a client was. */
export const PlaceOfUse = Type.String({
  description: 'The address it was used from last.',
  examples: ['203.0.113.7'],
})

/** A pending token for examples; it verifies nowhere. */
export const PENDING_TOKEN_EXAMPLE =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6InBlbmRpbmctMmZhK2p3dCJ9.eyJwdXJwb3NlIjoibG9naW4ifQ.c2lnbmF0dXJl'

/** What `/login` gives and the other steps take. */
export const PendingToken = Type.String({
  minLength: 1,
  maxLength: 2_048,
  pattern: '^[A-Za-z0-9_.-]+$',
  description: 'The pending-2fa token, as `POST /login` answered it.',
  examples: [PENDING_TOKEN_EXAMPLE],
})

/** A way a code can travel. */
export const ChannelName = Type.Enum([...CHANNELS], {
  title: 'Channel',
  description: 'How a message travels: as text, read out by a call, or by WhatsApp.',
  examples: ['sms'],
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
      maxLength: 202,
      pattern: `^(?:[\\x21\\x23-\\x7e]{${IDEMPOTENCY_KEY_MIN_LENGTH},200}|"[\\x21\\x23-\\x7e]{${IDEMPOTENCY_KEY_MIN_LENGTH},200}")$`,
      description: `A random value of the client's own, best a UUID, ${IDEMPOTENCY_KEY_MIN_LENGTH} to 200 visible characters, with or without quotes (draft-ietf-httpapi-idempotency-key-header-07). Make one for each thing that the user does. If the answer is lost, the same call with the same key gets it again and no second message is sent, for the life of the code. Keep it as secret as the password.`,
      examples: ['"8e03978e-40d5-43e8-bc93-6894a57f9324"'],
    }),
  ),
})

/** How far a message has come. */
const DeliveryState = Type.Enum([...DELIVERY_STATUSES], {
  title: 'DeliveryStatus',
  description:
    'How far the message has come. `queued`: about to be handed over. `sent`: a company has it. `unknown`: no company said; the code may still arrive. `delivered`: the phone has it. `undelivered`, `failed`: it did not arrive; another code may be asked for at once.',
  examples: ['sent'],
})

/** A kind of second factor. */
export const Factor = Type.Union([Type.Literal('sms')], {
  title: 'Factor',
  description: 'How the user shows who they are besides the password: `sms` is a code to their phone.',
  examples: ['sms'],
})

/** How a session was opened. */
export const Acr = Type.Enum(['aal1', 'aal2'], {
  title: 'Acr',
  description: 'How sure the login was, as `acr` in access tokens: `aal2` with both factors, `aal1` with one.',
  examples: ['aal2'],
})

/** A time span. */
export const Seconds = (description: string, example: number) =>
  Type.Integer({ minimum: 0, description: `${description}, in seconds.`, examples: [example] })

/** A phone number as it may be shown. */
export const MaskedPhone = Type.String({
  description: 'The phone number, all but its last two digits hidden.',
  examples: ['********43'],
})

/** How far the code of a challenge has come. */
export const Delivery = Exactly(
  {
    channel: ChannelName,
    destination: MaskedPhone,
    status: DeliveryState,
    resend_in: Seconds('Time until `POST /resend` is possible', 30),
  },
  { title: 'Delivery', description: 'How far the code has come.' },
)

/** A challenge that waits for its code: the answer of `/login` and `/resend`. */
export const OpenChallengeBody = Exactly(
  {
    pending_token: PendingToken,
    token_type: Type.Literal('pending-2fa', { description: 'Tells an open challenge from a grant.' }),
    expires_in: Seconds('Life of the token and of the code', 300),
    factor: Factor,
    factors: Type.Array(Factor, { description: 'All that the account has; `factor` is the one in use.' }),
    code_length: Type.Integer({ minimum: 6, maximum: 8, description: 'Digits of the code.', examples: [6] }),
    delivery: Delivery,
  },
  {
    title: 'OpenChallenge',
    description: 'A login that waits for its code, to be entered at `POST /verify` with the pending token.',
    examples: [
      {
        pending_token: PENDING_TOKEN_EXAMPLE,
        token_type: 'pending-2fa',
        expires_in: 300,
        factor: 'sms',
        factors: ['sms'],
        code_length: 6,
        delivery: { channel: 'sms', destination: '********43', status: 'sent', resend_in: 30 },
      },
    ],
  },
)
