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
        description: 'A page about this kind of problem.',
        examples: [pageOf(code)],
      }),
      title: Type.String({ description: 'The same for every problem of this kind.', examples: [title] }),
      status: Type.Literal(status, { description: 'The status of the answer.' }),
      code: Type.Literal(code, { description: 'Which problem it is: switch on this. It is never renamed.' }),
      instance: Type.String({
        description: 'The id of the request, as in `X-Request-Id`: the log of the server has it too.',
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
  // `forbidden` alone says nothing: it is shown with what tells its cases apart.
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
      'What is asked for (RFC 9110 §11.6.1): `Bearer`, with `error="invalid_token"` where a token was sent (RFC 6750 §3.1), or `error="insufficient_user_authentication"` where a login with both factors is missing (RFC 9470 §3). With 403 only in that case.',
  },
}

const HEADERS: Record<number, Record<string, object>> = {
  401: CHALLENGE,
  403: CHALLENGE,
  405: { Allow: { type: 'string', description: 'The methods this path has.' } },
  429: RETRY_AFTER,
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

/** What a route about the account of an access token can answer. */
export const ACCOUNT_PROBLEMS = ['invalid_token', ...DATABASE_PROBLEMS] as const satisfies ProblemCode[]

/** What a call with an Idempotency-Key, or one that costs a message, can answer besides. */
export const ISSUE_PROBLEMS = [
  'forbidden',
  'idempotency_in_progress',
  'destination_not_allowed',
  'idempotency_key_reused',
  'resend_cooldown',
  'sms_unavailable',
] as const satisfies ProblemCode[]

/** The problems a route can answer, as the documents show them: by status, each code with a schema and an example. */
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
