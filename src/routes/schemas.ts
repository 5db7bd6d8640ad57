import { type TSchema, Type } from 'typebox'
import { IDEMPOTENCY_KEY_MIN_LENGTH } from '../core/idempotency.ts'
import { PASSWORD_MAX_LENGTH } from '../core/password.ts'
import { CHANNELS, CLIENTS, DELIVERY_STATUSES } from '../core/ports.ts'
import { USERNAME_MAX_LENGTH } from '../core/username.ts'
import { PROBLEM_CODES, PROBLEMS, type ProblemCode } from '../errors.ts'
import { codesByStatus } from '../http/problems.ts'

/** Neither control characters, which Postgres refuses or logs show raw, nor half of a surrogate pair. */
const CLEAN_TEXT = '^[^\\p{Cc}\\p{Cs}]*$'

/** An object that has these members and no others. */
export const Exactly = <P extends Record<string, TSchema>>(properties: P, options: object = {}) =>
  Type.Object(properties, { additionalProperties: false, ...options })

/** A name to log in with. */
export const Username = Type.String({
  minLength: 1,
  maxLength: USERNAME_MAX_LENGTH,
  pattern: CLEAN_TEXT,
  description: `1 to ${USERNAME_MAX_LENGTH} characters, no control characters. Case and width do not matter.`,
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
export const ChannelName = Type.Enum([...CHANNELS], { description: 'How the code travels.', examples: ['sms'] })

/** The channel a caller asks for; which ones there are depends on the companies of the server. */
export const WantedChannel = Type.Optional(
  Type.Enum([...CHANNELS], {
    description: 'How the code is to travel: by text message, read out by a call, or by WhatsApp.',
    examples: ['voice'],
  }),
)

/** What kind of client a text is for. */
export const ClientKind = Type.Optional(
  Type.Enum([...CLIENTS], {
    description:
      'What runs the app. For `android` the text ends in the hash of the app, where the server knows it, instead of the line that browsers read.',
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
      'The solution of the `human_check` that the problem `forbidden` of an earlier call had. Give it only when it was asked for: each serves once.',
    examples: ['RyUvG4W9yBq0a1bT.tk2r8g.18.m2Jt0pX9hYvW3kQ8sLz4Ng:4x1c'],
  }),
)

/** The headers of a route whose call may be repeated. */
export const IdempotentHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: IDEMPOTENCY_KEY_MIN_LENGTH,
      maxLength: 202,
      pattern: `^(?:[\\x21\\x23-\\x7e]{${IDEMPOTENCY_KEY_MIN_LENGTH},200}|"[\\x21\\x23-\\x7e]{${IDEMPOTENCY_KEY_MIN_LENGTH},200}")$`,
      description: `A random value of the client's own, best a UUID, ${IDEMPOTENCY_KEY_MIN_LENGTH} to 200 visible characters, with or without quotes (draft-ietf-httpapi-idempotency-key-header-07). If the answer is lost, the same call with the same key gets it again and no second message is sent; it is remembered for the life of the code. Keep it as secret as the password.`,
      examples: ['"8e03978e-40d5-43e8-bc93-6894a57f9324"'],
    }),
  ),
})

/** What a call with an Idempotency-Key, or one that costs a message, can answer besides. */
export const ISSUE_PROBLEMS = [
  'forbidden',
  'idempotency_in_progress',
  'destination_not_allowed',
  'idempotency_key_reused',
  'resend_cooldown',
  'sms_unavailable',
] as const satisfies ProblemCode[]

/** How far a message has come. */
export const DeliveryState = Type.Enum([...DELIVERY_STATUSES], {
  description:
    'How far the message has come. `queued`: about to be handed over. `sent`: a company has it. `unknown`: no company said; the code may still arrive. `delivered`: the phone has it. `undelivered`, `failed`: it did not arrive; another code may be asked for at once.',
  examples: ['sent'],
})

/** A kind of second factor. */
export const Factor = Type.Union([Type.Literal('sms')], { description: 'A kind of second factor.', examples: ['sms'] })

/** A time span. */
export const Seconds = (description: string, example: number) =>
  Type.Integer({ minimum: 0, description: `${description}, in seconds.`, examples: [example] })

/** A phone number as it may be shown. */
export const MaskedPhone = Type.String({
  description: 'The phone number, all but its last two digits hidden.',
  examples: ['********43'],
})

/** A challenge that waits for its code: the answer of `/login` and `/resend`. */
export const OpenChallengeBody = Exactly(
  {
    pending_token: PendingToken,
    token_type: Type.Literal('pending-2fa'),
    expires_in: Seconds('Life of the token and of the code', 300),
    factor: Factor,
    factors: Type.Array(Factor, { description: 'All factors of the account.' }),
    code_length: Type.Integer({ minimum: 6, maximum: 8, description: 'Digits of the code.', examples: [6] }),
    delivery: Exactly({
      channel: ChannelName,
      destination: MaskedPhone,
      status: DeliveryState,
      resend_in: Seconds('Time until `POST /resend` is possible', 30),
    }),
  },
  {
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

const problemSchema = (status: number, codes: readonly ProblemCode[]) =>
  Exactly(
    {
      type: Type.String({ description: 'A page about this kind of problem.' }),
      title: Type.String({ description: 'The same for every problem of this kind.' }),
      status: Type.Literal(status),
      code: Type.Enum([...codes], { description: 'Stable and machine-readable: switch on this.' }),
      instance: Type.String({ description: 'The request id, as in `X-Request-Id`.' }),
      detail: Type.Optional(Type.String({ description: 'What is particular about this occurrence.' })),
      errors: Type.Optional(
        Type.Array(Exactly({ path: Type.String(), message: Type.String() }), {
          description: 'JSON pointers into the request and what is wrong there.',
        }),
      ),
      attempts_left: Type.Optional(Type.Integer({ description: 'Guesses the challenge still allows.' })),
      retry_after: Type.Optional(Type.Integer({ description: 'Seconds to wait, as in `Retry-After`.' })),
      human_check: Type.Optional(
        Type.Object(
          { kind: Type.String({ description: 'Which check: `proof-of-work`, `turnstile`, `hcaptcha`.' }) },
          {
            additionalProperties: Type.Union([Type.String(), Type.Number()]),
            description: 'What to solve before the call is repeated.',
          },
        ),
      ),
      missing: Type.Optional(Type.Array(Type.String(), { description: 'Parts that are not ready.' })),
    },
    { description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].advice}`).join('\n\n') },
  )

const exampleOf = (code: ProblemCode) => {
  const { title, status } = PROBLEMS[code]
  return {
    summary: title,
    value: {
      type: `https://auth.example.com/problems/${code}`,
      title,
      status,
      code,
      instance: '0e3b1c9e-4c0f-4c3f-9a55-0d4b8a9f2d11',
      ...(code === 'validation_failed' && { errors: [{ path: '/username', message: 'is missing' }] }),
      ...(code === 'invalid_code' && { attempts_left: 4 }),
      ...((status === 429 || status === 503) && { retry_after: 30 }),
    },
  }
}

const RETRY_AFTER = { 'Retry-After': { type: 'integer', description: 'Seconds to wait.' } }

const HEADERS: Record<number, Record<string, object>> = {
  401: { 'WWW-Authenticate': { type: 'string', description: 'RFC 9110 §11.6.1.' } },
  405: { Allow: { type: 'string', description: 'The methods this path has.' } },
  429: {
    ...RETRY_AFTER,
    'RateLimit-Policy': {
      type: 'string',
      description:
        'The limits of the address that this request counted towards: `"login";q=20;w=60` is 20 requests in 60 seconds. On every answer but those of `/health`, unless the limits are off.',
    },
    RateLimit: {
      type: 'string',
      description: 'What is left of each: `"login";r=19;t=60` is 19 requests, and all of them again in 60 seconds.',
    },
  },
  503: RETRY_AFTER,
}

/** What any route can answer. */
const ALWAYS: readonly ProblemCode[] = ['validation_failed', 'rate_limited', 'internal_error']

/** What a route that takes a body can answer. */
export const BODY_PROBLEMS = [
  'validation_failed',
  'malformed_json',
  'payload_too_large',
  'unsupported_media_type',
] as const satisfies ProblemCode[]

/** What a route that asks the database can answer. */
export const DATABASE_PROBLEMS = ['service_unavailable', 'overloaded'] as const satisfies ProblemCode[]

/** The problems a route can answer, as the documents show them: by status, each code with its advice and an example. */
export const problems = (...codes: ProblemCode[]): Record<number, object> => {
  const all = PROBLEM_CODES.filter((code) => codes.includes(code) || ALWAYS.includes(code))
  return Object.fromEntries(
    [...codesByStatus(all)].map(([status, ofStatus]) => {
      const headers = HEADERS[status]
      return [
        status,
        {
          description: ofStatus.map((code) => PROBLEMS[code].title).join(' · '),
          ...(headers && { headers }),
          content: {
            'application/problem+json': {
              schema: problemSchema(status, ofStatus),
              examples: Object.fromEntries(ofStatus.map((code) => [code, exampleOf(code)])),
            },
          },
        },
      ]
    }),
  )
}
