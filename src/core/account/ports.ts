import type { NoticeKind } from '../delivery/ports.ts'
import type { FactorName, RequestContext } from '../terms.ts'

/**
 * The ports of registration and of changes: accounts that are not yet, notices, and what a password must be. Known to the flow as a part of
 * `ports.ts`.
 */

/** Who may register. */
export type RegistrationMode = 'open' | 'invite' | 'closed'

/**
 * Where accounts wait for their first code. Until then nobody can log in to them, and they keep nobody from the name. Each
 * method is one statement; throws `service_unavailable` or `overloaded` when the store cannot answer.
 */
export interface RegistrationStore {
  /** Whether somebody has this comparison form of a name, and whether an invite is good; before any work is done. */
  check(request: { usernameKey: string; inviteHash: Buffer | null }): Promise<{ taken: boolean; invited: boolean }>
  /** Opens a registration with its factor. The right code makes an account of it; see `ChallengeStore.guess`. */
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
  /** Takes `open` back: no code was sent. */
  abandon(userId: string): Promise<void>
}

/** A notice to the number that an account had when it was changed. */
export interface DueNotice {
  kind: NoticeKind
  userId: string
  /** The challenge that changed the number; null for a change by an operator or of the password. */
  challengeId: string | null
  /** E.164. */
  phone: string
  locale: string | null
}

/** Waits between the tries of one notice, in seconds: a minute, and then twice as long each time. One try more than waits. */
export const NOTICE_WAITS = [60, 120, 240, 480, 960, 1_920, 3_840] as const

/** Sends the notices that changes of accounts have left. */
export interface Notices {
  /** Sends what is due, on behalf of a request. Never throws, and returns at once. */
  deliver(context: RequestContext): void
}

/** Says which new passwords are good enough. */
export interface PasswordPolicy {
  /**
   * Throws `password_rejected`, with the reason in words fit for the user, for one that is too short, too long, common,
   * known to be breached, or made of the user's own name. Never throws because a list could not be asked.
   */
  assertAcceptable(password: string, username: string): Promise<void>
}
