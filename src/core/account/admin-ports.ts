/** The ports of administration, for operators and for backends that call the admin API. */
import type { FactorName } from '../terms.ts'

/** The scopes of admin keys. Each route of the admin API requires one. */
export const ADMIN_SCOPES = ['users:read', 'users:write', 'sessions:read', 'sessions:write', 'audit:read'] as const

/** A scope of an admin key. */
export type AdminScope = (typeof ADMIN_SCOPES)[number]

/** A second factor of a user, as operators see it. */
export interface FactorSummary {
  name: FactorName
  /** Wrong answers in a row. */
  failures: number
  lockedUntil: Date | null
  disabled: boolean
}

/** A user, as operators see it. */
export interface UserSummary {
  userId: string
  username: string
  /** E.164. */
  phone: string | null
  /** The language of messages, BCP 47. */
  locale: string | null
  hasPassword: boolean
  disabled: boolean
  /** In the order in which they were enrolled. */
  factors: FactorSummary[]
  createdAt: Date
}

/** A user to add. Name, number and language are valid. */
export interface NewUser {
  username: string
  /** PHC string; null for a user who cannot log in with a password. */
  passwordHash: string | null
  /** The factor that sends to `phone`. */
  factor: FactorName
  /** E.164. */
  phone: string
  /** BCP 47. */
  locale?: string | null | undefined
}

/** A reference to one user: the name in any spelling, or the id (a UUID). */
export type UserRef = string | { userId: string }

/** A page of users. */
export interface UserPage {
  users: UserSummary[]
  /** The `after` of the next page; undefined on the last page. */
  next: string | undefined
}

/**
 * Administration of users, outside the login. Registrations that wait for their first code are not users yet: they are
 * never listed, found, counted or changed. Methods that name one user and return a boolean return false when the user
 * does not exist. Throws `service_unavailable` or `overloaded` when the database does not answer.
 */
export interface UserAdmin {
  /** Adds a user with one factor. Returns the user's id; undefined when the name is taken. */
  add(user: NewUser): Promise<string | undefined>
  /** Returns all users, by name. */
  list(): Promise<UserSummary[]>
  /**
   * Returns one page of users, in the order of the code points of their normalized names. `q` selects names that begin
   * with it in any spelling; `phone` (E.164) adds the users with this number; without `q`, all users match. The page
   * has at most `limit` users, after the name `after`. Users who are added or removed meanwhile move no other user to
   * another page.
   */
  search(query: {
    q?: string | undefined
    phone?: string | undefined
    limit: number
    after?: string | undefined
  }): Promise<UserPage>
  find(user: UserRef): Promise<UserSummary | undefined>
  /**
   * Disables or enables an account. Disabling raises its epoch, which ends its sessions, devices and pending tokens.
   */
  setDisabled(user: UserRef, disabled: boolean): Promise<boolean>
  /** Clears failures, lock and disablement of the user's factors, and raises the epoch. */
  resetFactor(user: UserRef): Promise<boolean>
  /**
   * Raises the user's epoch, which ends all pending tokens, sessions with their refresh tokens, and remembered devices.
   */
  endSessions(user: UserRef): Promise<boolean>
  /** Sets a user's password and raises the epoch. */
  setPassword(user: UserRef, passwordHash: string): Promise<boolean>
  /** Changes the number of a user's factor, or enrolls the factor, and resets all factors. Raises the epoch. */
  setPhone(user: UserRef, phone: { factor: FactorName; phone: string }): Promise<boolean>
}

/** A recorded decision about a user. */
export interface AuditedEvent {
  createdAt: Date
  event: string
  address: string
  requestId: string | null
  facts: Record<string, string | number | boolean | null>
}

/** An admin key as it is stored, without the key itself. */
export interface AdminKey {
  keyId: string
  name: string
  scopes: string[]
  createdAt: Date
  expiresAt: Date
  /** With a precision of one minute; null for a key that was never used. */
  lastUsedAt: Date | null
  revokedAt: Date | null
}

/** The owner and state of an admin key, found by its hash. */
export interface FoundAdminKey {
  keyId: string
  name: string
  scopes: string[]
  state: 'usable' | 'expired' | 'revoked'
}

/**
 * The store of admin keys, by SHA-256. Throws `service_unavailable` or `overloaded` when the database does not answer.
 */
export interface AdminKeyStore {
  /** Stores a new key, valid for `days` from now by the database's clock. */
  add(key: { name: string; scopes: readonly AdminScope[]; hash: Buffer; days: number }): Promise<AdminKey>
  /** Returns all keys, also expired and revoked ones, the newest first. */
  list(): Promise<AdminKey[]>
  /** Revokes a key at once, for all instances. Returns false when no such key is left to revoke. */
  revoke(keyId: string): Promise<boolean>
  /** Returns the key with this hash, and records its use at most once a minute. */
  use(hash: Buffer): Promise<FoundAdminKey | undefined>
}
