import { Type } from 'typebox'
import type { FactorSummary, UserSummary } from '../core/account/admin-ports.ts'
import { maskPhone } from '../core/delivery/phone.ts'
import { TYPED_UUID } from '../core/uuid.ts'
import type { ProblemCode } from '../errors.ts'
import { Exactly } from '../http/exactly.ts'
import { Factor } from '../routes/challenge-schemas.ts'
import { DATABASE_PROBLEMS } from '../routes/problems/schemas.ts'
import { Timestamp } from '../routes/schemas.ts'
import { MaskedPhone } from '../routes/user-schemas.ts'

/** Problems of every admin route. */
export const ADMIN_PROBLEMS = ['invalid_token', 'forbidden', ...DATABASE_PROBLEMS] as const satisfies ProblemCode[]

const UserId = Type.String({
  pattern: TYPED_UUID,
  description: 'The id of a user: a UUID, and `sub` of their tokens.',
  examples: ['5f0c1f5a-6f5e-4f6a-8f0e-2f1d3c4b5a69'],
})

/** The schema of the path parameters of routes about one user. */
export const UserPath = Exactly({ id: UserId })

/** Default number of rows in a response. */
const ROWS = 50

/** The schema of a maximum number of rows: a string, because query values are not converted. */
export const Limit = Type.Optional(
  Type.String({
    pattern: '^(?:[1-9][0-9]?|100)$',
    description: `The maximum number of rows in the response: 1 to 100. Default: ${ROWS}.`,
    examples: [String(ROWS)],
  }),
)

/** Returns the number of rows for a value of `Limit`. */
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
    locked_until: Type.Union([Timestamp('The time until which the factor accepts no codes.'), Type.Null()]),
    disabled: Type.Boolean({
      description: 'Whether the factor accepts no codes until it is reset.',
      examples: [false],
    }),
  },
  { title: 'FactorState', description: 'The state of a second factor of a user.' },
)

/** The schema of a user. */
export const AdminUser = Exactly(
  {
    id: UserId,
    username: Type.String({ description: 'The user name as it was first entered.', examples: ['alice'] }),
    phone: Type.Union([MaskedPhone, Type.Null()]),
    locale: Type.Union([Type.String(), Type.Null()], {
      description: 'The language of messages (BCP 47).',
      examples: ['pt-BR'],
    }),
    has_password: Type.Boolean({ description: 'Whether the account has a password.', examples: [true] }),
    disabled: Type.Boolean({ description: 'Whether the account is disabled.', examples: [false] }),
    factor: Type.Union([FactorState, Type.Null()], {
      description: 'The first of `factors`; null without factors.',
      examples: [EXAMPLE.factor],
    }),
    factors: Type.Array(FactorState, { description: 'The second factors of the user.' }),
    created_at: Timestamp('The time at which the account was created.'),
  },
  { title: 'User', description: 'A user account.', examples: [EXAMPLE] },
)

const factorBody = ({ name, failures, lockedUntil, disabled }: FactorSummary) => ({
  name,
  failures,
  locked_until: lockedUntil?.toISOString() ?? null,
  disabled,
})

/** Returns the response body of a user. The phone number is masked: it can be searched for, but not read. */
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

/** An example of a page of users. */
export const PAGE_EXAMPLE = { users: [EXAMPLE], next: 'YWxpY2U' }
