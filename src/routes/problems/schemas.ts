import { Type } from 'typebox'
import { PROBLEM_CODES, PROBLEMS, type ProblemCode } from '../../errors.ts'
import { Exactly } from '../../http/exactly.ts'
import { EXAMPLE_ISSUER } from '../../http/openapi/docs.ts'
import { pascalCase } from '../../http/openapi/schemas.ts'
import { codesByStatus } from '../../http/problems.ts'
import { membersOf } from '../../problem-members.ts'
import { PROBLEM_TEXTS } from './texts.ts'

const REQUEST_ID = '0e3b1c9e-4c0f-4c3f-9a55-0d4b8a9f2d11'

const pageOf = (code: ProblemCode) => `${EXAMPLE_ISSUER}/problems/${code}`

const problemSchema = (code: ProblemCode) => {
  const { title, status } = PROBLEMS[code]
  const { happened, developer } = PROBLEM_TEXTS[code]
  return Exactly(
    {
      type: Type.String({
        format: 'uri',
        description: 'The URL of a page about this problem code.',
        examples: [pageOf(code)],
      }),
      title: Type.String({
        description: 'A short title; the same for every problem with this code.',
        examples: [title],
      }),
      status: Type.Literal(status, { description: 'The HTTP status of the response.' }),
      code: Type.Literal(code, { description: 'The problem code. Switch on it; codes are never renamed.' }),
      instance: Type.String({
        description: 'The id of the request, as in `X-Request-Id` and in the log of the server.',
        examples: [REQUEST_ID],
      }),
      ...Object.fromEntries(
        membersOf(code).map(({ sentAs, schema, isAlwaysThere }) => [
          sentAs,
          isAlwaysThere ? schema : Type.Optional(schema),
        ]),
      ),
    },
    {
      title: `${pascalCase(code)}Problem`,
      description: `${happened}\n\n${developer}`,
      externalDocs: { url: pageOf(code), description: title },
    },
  )
}

const SCHEMAS = Object.fromEntries(PROBLEM_CODES.map((code) => [code, problemSchema(code)])) as Record<
  ProblemCode,
  ReturnType<typeof problemSchema>
>

const schemaOf = (codes: readonly ProblemCode[]) => {
  const [first, ...others] = codes.map((code) => SCHEMAS[code])
  return first && others.length === 0 ? first : Type.Union(codes.map((code) => SCHEMAS[code]))
}

const exampleOf = (code: ProblemCode) => {
  const { title, status } = PROBLEMS[code]
  // The members of `forbidden` tell its cases apart, so its example shows all of them.
  const members = membersOf(code).filter(({ isAlwaysThere }) => isAlwaysThere || code === 'forbidden')
  return {
    summary: title,
    value: {
      type: pageOf(code),
      title,
      status,
      code,
      instance: REQUEST_ID,
      ...Object.fromEntries(members.map(({ sentAs, schema }) => [sentAs, schema.examples?.[0]])),
    },
  }
}

const RETRY_AFTER = { 'Retry-After': { type: 'integer', description: 'Seconds to wait.' } }

const CHALLENGE = {
  'WWW-Authenticate': {
    type: 'string',
    description:
      'The required authentication (RFC 9110 §11.6.1): `Bearer`. `error="invalid_token"` follows if a token was sent (RFC 6750 §3.1). `error="insufficient_user_authentication"` follows if a login with both factors is required (RFC 9470 §3); a 403 has the header only in this case.',
  },
}

const HEADERS: Record<number, Record<string, object>> = {
  401: CHALLENGE,
  403: CHALLENGE,
  405: { Allow: { type: 'string', description: 'The methods that this path supports.' } },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
}

/** Problems of every route. */
const ALWAYS: readonly ProblemCode[] = ['validation_failed', 'rate_limited', 'internal_error']

/** Problems of every route that reads a body. */
export const BODY_PROBLEMS = [
  'validation_failed',
  'malformed_json',
  'payload_too_large',
  'unsupported_media_type',
] as const satisfies ProblemCode[]

/** Problems of every route that uses the database. */
export const DATABASE_PROBLEMS = ['service_unavailable', 'overloaded'] as const satisfies ProblemCode[]

/** Problems of every route that needs an access token. */
export const ACCOUNT_PROBLEMS = ['invalid_token', ...DATABASE_PROBLEMS] as const satisfies ProblemCode[]

/** Additional problems of every route that sends a code or takes an Idempotency-Key. */
export const ISSUE_PROBLEMS = [
  'forbidden',
  'idempotency_in_progress',
  'destination_not_allowed',
  'idempotency_key_reused',
  'resend_cooldown',
  'sms_unavailable',
] as const satisfies ProblemCode[]

/**
 * Returns the OpenAPI responses for a route's problems and those of every route: one for each status, with a schema and
 * an example for each code.
 */
export const problems = (...codes: ProblemCode[]): Record<number, object> => {
  const all = PROBLEM_CODES.filter((code) => codes.includes(code) || ALWAYS.includes(code))
  return Object.fromEntries(
    [...codesByStatus(all)].map(([status, ofStatus]) => {
      const headers = HEADERS[status]
      return [
        status,
        {
          description: ofStatus.map((code) => `\`${code}\`: [${PROBLEMS[code].title}](${pageOf(code)})`).join(' · '),
          ...(headers && { headers }),
          content: {
            'application/problem+json': {
              schema: schemaOf(ofStatus),
              examples: Object.fromEntries(ofStatus.map((code) => [code, exampleOf(code)])),
            },
          },
        },
      ]
    }),
  )
}
