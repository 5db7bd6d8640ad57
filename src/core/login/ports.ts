import type { Account, PasswordAttempt } from '../terms.ts'

/** What `findForLogin` found, for a name that somebody has as for one that nobody has. */
export interface LoginAttempt {
  /** Whole seconds until this address may try this name again; null when it may now. */
  retryAfter: number | null
  /** How long the answer is to be held back, in ms: many have failed at this name of late. */
  delay: number
  /** Whether a login to this name from here has succeeded before: then a right password need not wait. */
  familiar: boolean
  /** What `forgive` takes this attempt back by; null where none is counted. */
  ticket: string | null
  account: Account | undefined
}

/** Where users live. Each method is one statement. Throws `service_unavailable` or `overloaded` when it cannot answer. */
export interface AccountStore {
  /**
   * The user with this comparison form of the name (see `usernameKey`). The attempt is counted before anything is
   * compared, so that attempts side by side count like attempts in turn; `begin` forgives it and all before it.
   */
  findForLogin(usernameKey: string, attempt: PasswordAttempt): Promise<LoginAttempt>
  /** Takes back this one attempt, which was never judged or was right. */
  forgive(attempt: PasswordAttempt, ticket: string): Promise<void>
  /** Counts a failure of this name, which holds the next answers to strangers back. */
  countFailure(attempt: PasswordAttempt): Promise<void>
  findById(userId: string): Promise<Account | undefined>
  /** Replaces a hash by a stronger one of the same password, unless it has been changed in the meantime. */
  upgradePasswordHash(userId: string, from: string, to: string): Promise<void>
}

/** Checks and hashes passwords, slowly on purpose. */
export interface PasswordVerifier {
  /** A PHC string of the password. Throws `overloaded` rather than wait for longer than 2 s. */
  hash(password: string): Promise<string>
  /**
   * Whether `password` matches `hash`. Without a hash it does the same work and says no, so that time does not tell
   * users apart (ASVS 6.3.8). Throws `overloaded` rather than wait for longer than 2 s.
   */
  verify(hash: string | null, password: string): Promise<boolean>
  /** A hash with today's parameters if `hash` has weaker ones, else undefined. */
  upgrade(hash: string, password: string): Promise<string | undefined>
}
