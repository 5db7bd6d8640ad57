import type { NoticeKind } from '../delivery/ports.ts'
import type { FactorName, RequestContext } from '../terms.ts'

/**
 * The ports of registration and of account changes: pending registrations, notices, and the password policy.
 */

/** The users who may register. */
export type RegistrationMode = 'open' | 'invite' | 'closed'

/**
 * The store of registrations that wait for their first code. A pending registration cannot log in and does not reserve
 * its name. Each method is one statement. Throws `service_unavailable` or `overloaded` when the database does not
 * answer.
 */
export interface RegistrationStore {
  /** Reports whether a name (in its comparison form) is taken and an invite is valid, before any expensive work. */
  check(request: { usernameKey: string; inviteHash: Buffer | null }): Promise<{ taken: boolean; invited: boolean }>
  /** Opens a registration with its factor. The correct code turns it into an account; see `ChallengeStore.guess`. */
  open(registration: {
    userId: string
    username: string
    usernameKey: string
    passwordHash: string
    /** The factor that sends to `phone`. */
    factor: FactorName
    phone: string
    locale: string | null
    inviteHash: Buffer | null
  }): Promise<void>
  /** Withdraws a registration whose code was not sent. */
  abandon(userId: string): Promise<void>
}

/** A notice to the number that an account had before the change. */
export interface DueNotice {
  kind: NoticeKind
  userId: string
  /** The challenge that changed the number; null for a change by an operator or of the password. */
  challengeId: string | null
  /** E.164. */
  phone: string
  locale: string | null
}

/** Seconds between the attempts of one notice: a minute, doubled each time. There is one attempt more than waits. */
export const NOTICE_WAITS = [60, 120, 240, 480, 960, 1_920, 3_840] as const

/** Sends the notices that account changes have stored. */
export interface Notices {
  /** Sends due notices, on behalf of a request. Never throws, and returns at once. */
  deliver(context: RequestContext): void
}

/** Decides which new passwords are acceptable. */
export interface PasswordPolicy {
  /**
   * Throws `password_rejected`, with a reason for the user, for an unacceptable password: too short, too long, common,
   * breached, or derived from the user name. Accepts the password when the list of breached ones cannot be reached.
   */
  assertAcceptable(password: string, username: string): Promise<void>
}
