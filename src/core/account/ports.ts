import type { NoticeKind } from '../delivery/ports.ts'

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
    phone: string
    locale: string | null
    inviteHash: Buffer | null
  }): Promise<void>
  /** Takes `open` back: no code was sent. */
  abandon(userId: string): Promise<void>
}

/** A notice to the number that an account had when it was changed. */
export interface DueNotice {
  noticeId: string
  kind: NoticeKind
  userId: string
  /** The challenge that changed the number; null for a change by an operator or of the password. */
  challengeId: string | null
  /** E.164. */
  phone: string
  locale: string | null
}

/** Where notices wait. Each method is one statement; throws as the others do when the store cannot answer. */
export interface NoticeStore {
  /** Takes a few that are due. Nobody else gets them before their next try is; after eight tries they are given up. */
  claim(): Promise<DueNotice[]>
  /** It left, or never will. */
  done(noticeId: string): Promise<void>
}

/** Says which new passwords are good enough. */
export interface PasswordPolicy {
  /**
   * Throws `password_rejected`, with the reason in words fit for the user, for one that is too short, too long, common,
   * known to be breached, or made of the user's own name. Never throws because a list could not be asked.
   */
  assertAcceptable(password: string, username: string): Promise<void>
}
