/** The ports of administration: what operators, and the backends beside us, ask of the world. */
import type { FactorName } from '../terms.ts'

/** What a key may be allowed to do. A route of the admin API demands one of them. */
export const ADMIN_SCOPES = ['users:read', 'users:write', 'sessions:read', 'sessions:write', 'audit:read'] as const

export type AdminScope = (typeof ADMIN_SCOPES)[number]

/** A second factor of a user, as an operator sees one. */
export interface FactorSummary {
  name: FactorName
  /** Wrong answers in a row. */
  failures: number
  lockedUntil: Date | null
  disabled: boolean
}

/** A user as an operator sees one. */
export interface UserSummary {
  userId: string
  username: string
  /** E.164. */
  phone: string | null
  /** BCP 47, of messages. */
  locale: string | null
  hasPassword: boolean
  disabled: boolean
  /** In the order in which they were enrolled. */
  factors: FactorSummary[]
  createdAt: Date
}

/** A user who is to be; name, number and language have been looked at. */
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

/** One user: by any spelling of the name, or by id (a UUID). */
export type UserRef = string | { userId: string }

/** One page of users. */
export interface UserPage {
  users: UserSummary[]
  /** What `after` is to be for the next page; undefined on the last. */
  next: string | undefined
}

/**
 * What is done to users from outside the flow. Whoever only waits for the first code is no user yet: never listed, found,
 * counted or changed. Each method that names one user and gives a boolean says whether there is one. Throws
 * `service_unavailable` or `overloaded` when the database does not answer.
 */
export interface UserAdmin {
  /** Adds a user with one factor; undefined when the name is taken, else the new user's id. */
  add(user: NewUser): Promise<string | undefined>
  /** All of them, by name. */
  list(): Promise<UserSummary[]>
  /**
   * Users in the order of the code points of their normalised names: those whose name begins like `q` in any spelling,
   * and those whose number, E.164, is `phone`; all without `q`. At most `limit`, behind the name `after`, which is `next` of the page before. What is added or removed meanwhile moves nobody else to another page.
   */
  search(wish: {
    q?: string | undefined
    phone?: string | undefined
    limit: number
    after?: string | undefined
  }): Promise<UserPage>
  find(user: UserRef): Promise<UserSummary | undefined>
  /** Disables or enables an account. Disabling raises its epoch, which ends what it had begun. */
  setDisabled(user: UserRef, disabled: boolean): Promise<boolean>
  /** Takes failures, lock and disablement off the user's factors, and ends what the user had begun. */
  resetFactor(user: UserRef): Promise<boolean>
  /** Raises the user's epoch: pending tokens, sessions with their refresh tokens, and remembered devices are over. */
  endSessions(user: UserRef): Promise<boolean>
  /** Gives a user another password. Raises the epoch, which ends all that was begun with the old one. */
  setPassword(user: UserRef, passwordHash: string): Promise<boolean>
  /** Gives the factor of a user another number, or enrols it, and resets all factors. Raises the epoch. */
  setPhone(user: UserRef, phone: { factor: FactorName; phone: string }): Promise<boolean>
}

/** One decision about a user, as it was kept. */
export interface AuditedEvent {
  createdAt: Date
  event: string
  address: string
  requestId: string | null
  facts: Record<string, string | number | boolean | null>
}

/** A key of the admin API, without the key itself, which is nowhere. */
export interface AdminKey {
  keyId: string
  name: string
  scopes: string[]
  createdAt: Date
  expiresAt: Date
  /** To the minute; null while it was never used. */
  lastUsedAt: Date | null
  revokedAt: Date | null
}

/** Whom a hash belongs to, and whether the key still opens anything. */
export interface FoundAdminKey {
  keyId: string
  name: string
  scopes: string[]
  state: 'usable' | 'expired' | 'revoked'
}

/** Where keys live, by their SHA-256. Throws `service_unavailable` or `overloaded` when it cannot answer. */
export interface AdminKeyStore {
  /** Keeps a new key for `days` from now, by the store's clock. */
  add(key: { name: string; scopes: readonly AdminScope[]; hash: Buffer; days: number }): Promise<AdminKey>
  /** All keys, also those that are over, the newest first. */
  list(): Promise<AdminKey[]>
  /** Ends a key at once, everywhere. Returns whether there was one that was not revoked. */
  revoke(keyId: string): Promise<boolean>
  /** The key with this hash; notes its use, at most once a minute. */
  use(hash: Buffer): Promise<FoundAdminKey | undefined>
}
