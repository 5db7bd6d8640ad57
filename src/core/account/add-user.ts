import { Problem } from '../../errors.ts'
import type { DeliveringFactor } from '../challenge/factor.ts'
import { canonicalLocale } from '../delivery/locale.ts'
import type { PasswordVerifier } from '../login/ports.ts'
import { usernameFault } from '../login/username.ts'
import type { UserAdmin, UserSummary } from './admin-ports.ts'
import type { PasswordPolicy } from './ports.ts'

/** A request to add a user. */
export interface AddUserRequest {
  username: string
  /** A user without a password cannot log in until one is set. */
  password?: string | undefined
  /** With the country code, in any usual notation. */
  phone: string
  locale?: string | undefined
}

/** Adds a user for an operator or a backend. */
export type AddUser = (request: AddUserRequest) => Promise<UserSummary>

/** The dependencies of `AddUser`. */
export interface AddUserDeps {
  users: UserAdmin
  /** Returns the number in E.164, or the reason why it is invalid, as the end of a sentence about the number. */
  parsePhone(written: string): { ok: true; phone: string } | { ok: false; reason: string }
  /** The factor that sends to the number. */
  factor: DeliveringFactor
  passwordPolicy: PasswordPolicy
  passwords: Pick<PasswordVerifier, 'hash'>
}

const refuse = (path: string, message: string): never => {
  throw new Problem('validation_failed', { errors: [{ path, message }] })
}

/**
 * Makes `AddUser`. The operator vouches for the number: no code proves it. Throws `validation_failed`,
 * `destination_not_allowed`, `password_rejected` and `username_taken`.
 */
export const createAddUser =
  ({ users, parsePhone, factor, passwordPolicy, passwords }: AddUserDeps): AddUser =>
  async ({ username: written, password, phone: number, locale: language }) => {
    const username = written.trim()
    const fault = usernameFault(username)
    if (fault) refuse('/username', fault)
    const parsed = parsePhone(number)
    if (!parsed.ok) return refuse('/phone', parsed.reason)
    const { phone } = parsed
    const locale = language === undefined ? null : canonicalLocale(language)
    factor.delivery.assertAllowed(phone)
    if (password !== undefined) await passwordPolicy.assertAcceptable(password, username)
    // Hashing is slow, so check the name first. `add` detects a name that is taken in the meantime.
    if (await users.find(username)) throw new Problem('username_taken')
    const passwordHash = password === undefined ? null : await passwords.hash(password)
    const userId = await users.add({ username, passwordHash, factor: factor.name, phone, locale })
    const user = userId === undefined ? undefined : await users.find({ userId })
    if (!user) throw new Problem('username_taken')
    return user
  }
