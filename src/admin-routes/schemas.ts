import { Type } from 'typebox'
import type { FactorSummary, UserSummary } from '../core/account/admin-ports.ts'
import { maskPhone } from '../core/delivery/phone.ts'
import { TYPED_UUID } from '../core/uuid.ts'
import type { ProblemCode } from '../errors.ts'
import { Exactly } from '../http/exactly.ts'
import { Factor } from '../routes/challenge-schemas.ts'
import { DATABASE_PROBLEMS } from '../routes/problems/schemas.ts'
import { Moment } from '../routes/schemas.ts'
import { MaskedPhone } from '../routes/user-schemas.ts'

/** What every admin route can answer. */
export const ADMIN_PROBLEMS = ['invalid_token', 'forbidden', ...DATABASE_PROBLEMS] as const satisfies ProblemCode[]

const UserId = Type.String({
  pattern: TYPED_UUID,
  description: 'The id of a user: a UUID, and `sub` of their tokens.',
  examples: ['5f0c1f5a-6f5e-4f6a-8f0e-2f1d3c4b5a69'],
})

/** The path of everything about one user. */
export const UserPath = Exactly({ id: UserId })

/** Rows of an answer where a query does not say how many. */
const ROWS = 50

/** A number of rows; all that a query has is text. */
export const Limit = Type.Optional(
  Type.String({
    pattern: '^(?:[1-9][0-9]?|100)$',
    description: `The most that one answer has: 1 to 100, ${ROWS} if not given.`,
    examples: [String(ROWS)],
  }),
)

/** The number that `Limit` stands for. */
export const limitOf = (limit: string | undefined): number => Number(limit ?? ROWS)

const EXAMPLE = {
  id: '5f0c1f5a-6f5e-4f6a-8f0e-2f1d3c4b5a69',
  username: 'alice',
  phone: '********43',
  locale: null,
  has_password: true,
  disabled: false,
  factor: { name: 'sms', failures: 0, locked_until: null, disabled: false },
  factors: [{ name: 'sms', failures: 0, locked_until: null, disabled: false }],
  created_at: '2026-11-24T09:30:00.000Z',
}

const FactorState = Exactly(
  {
    name: Factor,
    failures: Type.Integer({ minimum: 0, description: 'Wrong codes in a row.', examples: [0] }),
    locked_until: Type.Union([Moment('No code is taken until then.'), Type.Null()]),
    disabled: Type.Boolean({
      description: 'Whether no code is taken until the factor is reset.',
      examples: [false],
    }),
  },
  { title: 'FactorState', description: 'The state of a second factor of a user.' },
)

/** A user as an answer shows one. */
export const AdminUser = Exactly(
  {
    id: UserId,
    username: Type.String({ description: 'The name to log in with, as it was first written.', examples: ['alice'] }),
    phone: Type.Union([MaskedPhone, Type.Null()]),
    locale: Type.Union([Type.String(), Type.Null()], {
      description: 'The language of messages, BCP 47.',
      examples: ['pt-BR'],
    }),
    has_password: Type.Boolean({ description: 'Whether there is a password to log in with.', examples: [true] }),
    disabled: Type.Boolean({ description: 'Whether the account may not log in.', examples: [false] }),
    factor: Type.Union([FactorState, Type.Null()], {
      description: 'The first of `factors`; null without one.',
      examples: [EXAMPLE.factor],
    }),
    factors: Type.Array(FactorState, { description: 'The second factors of the user.' }),
    created_at: Moment('When the account was made.'),
  },
  { title: 'User', description: 'Somebody who may log in.', examples: [EXAMPLE] },
)

const factorBody = ({ name, failures, lockedUntil, disabled }: FactorSummary) => ({
  name,
  failures,
  locked_until: lockedUntil?.toISOString() ?? null,
  disabled,
})

/** A user as `AdminUser` has one. The number is masked: who knows it may ask for it, nobody reads it here. */
export const userBody = (user: UserSummary) => ({
  id: user.userId,
  username: user.username,
  phone: user.phone === null ? null : maskPhone(user.phone),
  locale: user.locale,
  has_password: user.hasPassword,
  disabled: user.disabled,
  factor: user.factors.map(factorBody)[0] ?? null,
  factors: user.factors.map(factorBody),
  created_at: user.createdAt.toISOString(),
})

/** A page of users for the documents. */
export const PAGE_EXAMPLE = { users: [EXAMPLE], next: 'YWxpY2U' }
