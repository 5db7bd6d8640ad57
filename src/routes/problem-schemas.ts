import { Type } from 'typebox'
import { PROBLEM_CODES, PROBLEMS, type ProblemCode } from '../errors.ts'
import { codesByStatus } from '../http/problems.ts'
import { Exactly } from './schemas.ts'

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

/** What a call with an Idempotency-Key, or one that costs a message, can answer besides. */
export const ISSUE_PROBLEMS = [
  'forbidden',
  'idempotency_in_progress',
  'destination_not_allowed',
  'idempotency_key_reused',
  'resend_cooldown',
  'sms_unavailable',
] as const satisfies ProblemCode[]

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
