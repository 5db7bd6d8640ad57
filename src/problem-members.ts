/**
 * The extension members of problems (RFC 9457 §3.2): each with its schema, its type and the codes that have it.
 * The constructor of `Problem`, the renderer, the OpenAPI document, the client's types, the problem pages and
 * docs/problems.md are derived from this list. This file imports nothing from the project.
 */
import { type Static, type TSchema, Type } from 'typebox'

interface Member {
  schema: TSchema
  /** Codes whose problems always have the member. */
  always?: readonly string[]
  /** Codes whose problems may have the member. */
  sometimes?: readonly string[]
}

/** All members by their names in code, in the order in which they are sent. `attemptsLeft` is sent as `attempts_left`. */
const PROBLEM_MEMBERS = {
  missing: {
    sometimes: ['service_unavailable'],
    schema: Type.Array(Type.String(), {
      description: 'The parts of the service that are not ready.',
      examples: [['database']],
    }),
  },
  detail: {
    always: ['password_rejected'],
    sometimes: [
      'malformed_json',
      'invalid_token',
      'forbidden',
      'not_found',
      'destination_not_allowed',
      'service_unavailable',
    ],
    schema: Type.String({
      description: 'One English sentence about this occurrence. It may be shown to users.',
      examples: ['Repeat the call with the solution of `human_check`.'],
    }),
  },
  errors: {
    always: ['validation_failed'],
    schema: Type.Array(
      Type.Object(
        {
          path: Type.String({
            description:
              'A JSON pointer into the body, or `/query/…`, `/headers/…` or `/params/…` for other parts of the request.',
            examples: ['/username'],
          }),
          message: Type.String({ description: 'The error at this path.', examples: ['is missing'] }),
        },
        { additionalProperties: false, title: 'InvalidMember', description: 'One invalid member of a request.' },
      ),
      {
        description: 'The invalid members that were found.',
        examples: [[{ path: '/username', message: 'is missing' }]],
      },
    ),
  },
  attemptsLeft: {
    always: ['invalid_code'],
    schema: Type.Integer({
      minimum: 0,
      description: 'The number of guesses that the challenge still accepts. At 0 the challenge has ended.',
      examples: [4],
    }),
  },
  retryAfter: {
    always: [
      'rate_limited',
      'resend_cooldown',
      'factor_locked',
      'service_unavailable',
      'overloaded',
      'sms_unavailable',
    ],
    schema: Type.Integer({
      minimum: 0,
      description: 'Seconds to wait before the call is repeated; the same value as in `Retry-After`.',
      examples: [30],
    }),
  },
  humanCheck: {
    sometimes: ['forbidden'],
    schema: Type.Object(
      {
        kind: Type.String({
          description: 'The type of the check: `proof-of-work`, `turnstile` or `hcaptcha`.',
          examples: ['turnstile'],
        }),
      },
      {
        title: 'HumanCheck',
        additionalProperties: Type.Union([Type.String(), Type.Number()]),
        description:
          'A human check. Solve it, then repeat the call with the solution in the member `human_check`. The other members depend on `kind`; the guide on human checks describes them.',
        examples: [{ kind: 'turnstile', site_key: '1x00000000000000000000AA' }],
      },
    ),
  },
  required: {
    sometimes: ['forbidden'],
    schema: Type.Union([Type.Literal('aal2'), Type.Literal('invite')], {
      description:
        'A further requirement of the call. `aal2`: a recent login with both factors (`step_up`). `invite`: a valid invite.',
      examples: ['aal2'],
    }),
  },
} as const satisfies Record<string, Member>

type Members = typeof PROBLEM_MEMBERS

/** The name of a problem member in code. */
export type ProblemMember = keyof Members

/** The value type of each problem member. */
export type MemberValues = { [M in ProblemMember]: Static<Members[M]['schema']> }

/** The codes whose problems always have a member. */
export type CodeAlwaysWith<M extends ProblemMember> = Members[M] extends { always: readonly (infer C)[] } ? C : never

/** The codes whose problems always or sometimes have a member. */
export type CodeWith<M extends ProblemMember> =
  | CodeAlwaysWith<M>
  | (Members[M] extends { sometimes: readonly (infer C)[] } ? C : never)

/** A member as it appears in documents and responses. */
export interface SentMember {
  name: ProblemMember
  /** The name in JSON, in snake case. */
  sentAs: string
  schema: TSchema & { description?: string; examples?: unknown[] }
  isAlwaysThere: boolean
}

const sentAs = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const LIST = Object.entries(PROBLEM_MEMBERS as Record<ProblemMember, Member>).map(([name, member]) => ({
  name: name as ProblemMember,
  sentAs: sentAs(name),
  ...member,
}))

/** Returns the members of problems with a code, required members first. */
export const membersOf = (code: string): SentMember[] => [
  ...LIST.filter(({ always }) => always?.includes(code)).map((member) => ({ ...member, isAlwaysThere: true })),
  ...LIST.filter(({ sometimes }) => sometimes?.includes(code)).map((member) => ({ ...member, isAlwaysThere: false })),
]

/** Returns the members that have a value, keyed by their names in JSON. */
export const sentMembers = (values: Partial<MemberValues>): Record<string, unknown> =>
  Object.fromEntries(LIST.flatMap(({ name, sentAs }) => (values[name] === undefined ? [] : [[sentAs, values[name]]])))
