import type { Account, PasswordAttempt } from '../terms.ts'

/** The result of `findForLogin`, for existing and unknown names alike. */
export interface LoginAttempt {
  /** Whole seconds until this address may try this name again; null when it may now. */
  retryAfter: number | null
  /** Time in ms by which the response is delayed after many recent failures of this name. */
  delay: number
  /** True when a login to this name from this address has succeeded before. A correct password is then not delayed. */
  familiar: boolean
  /** Identifies this attempt for `forgive`; null when it is not counted. */
  ticket: string | null
  account: Account | undefined
}

/**
 * The store of users. Each method is one statement. Throws `service_unavailable` or `overloaded` when the database does
 * not answer.
 */
export interface AccountStore {
  /**
   * Returns the user with this comparison form of the name (see `usernameKey`). Counts the attempt before anything is
   * compared, so that parallel attempts count like sequential ones. `begin` forgives it and all earlier ones.
   */
  findForLogin(usernameKey: string, attempt: PasswordAttempt): Promise<LoginAttempt>
  /** Takes back this one attempt, which was correct or never judged. */
  forgive(attempt: PasswordAttempt, ticket: string): Promise<void>
  /** Counts a failure of this name, which delays the next responses to unfamiliar addresses. */
  countFailure(attempt: PasswordAttempt): Promise<void>
  /** Returns the user with this id. */
  findById(userId: string): Promise<Account | undefined>
  /** Replaces a hash by a stronger one of the same password, unless the hash was changed in the meantime. */
  upgradePasswordHash(userId: string, from: string, to: string): Promise<void>
}

/** Checks and hashes passwords. Both are slow by design. */
export interface PasswordVerifier {
  /** Returns a PHC string of the password. Throws `overloaded` when it would wait for longer than 2 s. */
  hash(password: string): Promise<string>
  /**
   * Returns true when `password` matches `hash`. Without a hash it does the same work and returns false, so that timing
   * does not reveal which users exist (ASVS 6.3.8). Throws `overloaded` when it would wait for longer than 2 s.
   */
  verify(hash: string | null, password: string): Promise<boolean>
  /** Returns a hash with the current parameters when those of `hash` are weaker; otherwise undefined. */
  upgrade(hash: string, password: string): Promise<string | undefined>
}
