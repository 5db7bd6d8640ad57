/**
 * The members that a problem may have besides those that every problem has (RFC 9457 §3.2): each with its schema, which is
 * its type as well, and the codes that have it. The constructor of `Problem`, the renderer, the OpenAPI document, the
 * client's types, the pages and docs/problems.md follow from this list. Imports nothing of the project.
 */
import { type Static, type TSchema, Type } from 'typebox'

interface Member {
  schema: TSchema
  /** Codes of problems that have it each time. */
  always?: readonly string[]
  /** Codes of problems that have it at times. */
  sometimes?: readonly string[]
}

/** All members, by their names in code: `attemptsLeft` is sent as `attempts_left`. Sent in this order. */
const PROBLEM_MEMBERS = {
  missing: {
    sometimes: ['service_unavailable'],
    schema: Type.Array(Type.String(), {
      description: 'For readiness: the parts that do not work.',
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
      description: 'One English sentence about this occurrence, fit to be shown.',
      examples: ['Repeat the call with the solution of `human_check`.'],
    }),
  },
  errors: {
    always: ['validation_failed'],
    schema: Type.Array(
      Type.Object(
        {
          path: Type.String({
            description: 'A JSON pointer into the body; `/query/…`, `/headers/…` or `/params/…` for what is not in it.',
            examples: ['/username'],
          }),
          message: Type.String({ description: 'What is wrong there.', examples: ['is missing'] }),
        },
        { additionalProperties: false, title: 'InvalidMember', description: 'One fault of a request.' },
      ),
      { description: 'Each fault that was found.', examples: [[{ path: '/username', message: 'is missing' }]] },
    ),
  },
  attemptsLeft: {
    always: ['invalid_code'],
    schema: Type.Integer({
      minimum: 0,
      description: 'Guesses that the challenge still allows; after the last one it is over.',
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
      description: 'Seconds to wait before the call is repeated, the same as in `Retry-After`.',
      examples: [30],
    }),
  },
  humanCheck: {
    sometimes: ['forbidden'],
    schema: Type.Object(
      {
        kind: Type.String({
          description: 'Which check: `proof-of-work`, `turnstile` or `hcaptcha`.',
          examples: ['turnstile'],
        }),
      },
      {
        title: 'HumanCheck',
        additionalProperties: Type.Union([Type.String(), Type.Number()]),
        description:
          'What to solve before the call is repeated, with the solution as its member `human_check`. What else it has depends on `kind`: the guide on human checks explains each.',
        examples: [{ kind: 'turnstile', site_key: '1x00000000000000000000AA' }],
      },
    ),
  },
  required: {
    sometimes: ['forbidden'],
    schema: Type.Union([Type.Literal('aal2'), Type.Literal('invite')], {
      description:
        'What the call needs besides: `aal2` is a recent login with both factors (`step_up`), `invite` a valid invite.',
      examples: ['aal2'],
    }),
  },
} as const satisfies Record<string, Member>

type Members = typeof PROBLEM_MEMBERS

/** The name of a member in code. */
export type ProblemMember = keyof Members

/** The value of each member. */
export type MemberValues = { [M in ProblemMember]: Static<Members[M]['schema']> }

/** The codes of problems that have a member each time. */
export type CodeAlwaysWith<M extends ProblemMember> = Members[M] extends { always: readonly (infer C)[] } ? C : never

/** The codes of problems that may have a member. */
export type CodeWith<M extends ProblemMember> =
  | CodeAlwaysWith<M>
  | (Members[M] extends { sometimes: readonly (infer C)[] } ? C : never)

/** A member as the documents and the answers have it. */
export interface SentMember {
  name: ProblemMember
  /** Its name in JSON, in snake case. */
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

/** Returns the members that problems of a code have, those that are always there first. */
export const membersOf = (code: string): SentMember[] => [
  ...LIST.filter(({ always }) => always?.includes(code)).map((member) => ({ ...member, isAlwaysThere: true })),
  ...LIST.filter(({ sometimes }) => sometimes?.includes(code)).map((member) => ({ ...member, isAlwaysThere: false })),
]

/** Returns the members that have a value, by their names in JSON. */
export const sentMembers = (values: Partial<MemberValues>): Record<string, unknown> =>
  Object.fromEntries(LIST.flatMap(({ name, sentAs }) => (values[name] === undefined ? [] : [[sentAs, values[name]]])))
