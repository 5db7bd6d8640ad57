/**
 * The ports of what follows a login: sessions with their refresh tokens, and remembered devices. Known to the flow as a
 * part of `ports.ts`.
 */
import type { Account, PasswordAttempt } from '../terms.ts'

/** Assurance levels of SP 800-63B-4: one factor, and two. */
export type Acr = 'aal1' | 'aal2'

/** Who asks, as the user is to recognise it in the list of sessions. */
export interface Caller {
  /** What the client calls itself; null when it says nothing. */
  name: string | null
  /** As in `RequestContext`. */
  address: string
}

/** A session about to be opened. */
export interface NewSession extends Caller {
  sessionId: string
  /** SHA-256 of its first refresh token. */
  refreshHash: Buffer
}

/** A device about to be remembered. */
export interface NewDevice {
  deviceId: string
  tokenHash: Buffer
}

/** A session as tokens are made of it. */
export interface OpenSession {
  userId: string
  sessionId: string
  acr: Acr
  amr: string[]
  /** When its factors were presented, Unix seconds. */
  authTime: number
  /** Whole seconds that its refresh token serves, if nobody uses it. */
  lasts: number
}

/** A rotating token that is presented, and what would come after it. */
export interface Rotation {
  hash: Buffer
  nextHash: Buffer
  /** What the successor was made with. */
  salt: Buffer
}

/** That the same token was presented a moment ago: what its successor was made with, to make it again. */
export interface Repeated {
  salt: Buffer
  /** SHA-256 of the successor. */
  successor: Buffer
}

/** The answer to `refresh`. */
export type RefreshResult =
  | { outcome: 'rotated'; session: OpenSession }
  | ({ outcome: 'repeated'; session: OpenSession } & Repeated)
  /** It was used before: its session is revoked now. */
  | { outcome: 'reused'; userId: string; sessionId: string }
  /** Nobody has it, or its session is over. */
  | { outcome: 'gone' }

/** The answer to `openByDevice`. */
export type DeviceResult =
  | { outcome: 'rotated'; deviceId: string; lasts: number; session: OpenSession }
  | ({ outcome: 'repeated'; deviceId: string; lasts: number; session: OpenSession } & Repeated)
  /** It was used before, longer ago than a lost answer explains: the device is forgotten. */
  | { outcome: 'reused'; deviceId: string }
  /** It is nobody's, another user's, or over. */
  | { outcome: 'unknown' }

/** An account, and the session that speaks for it. */
export interface Authorized {
  account: Account
  sessionId: string
  /** Whether both factors were presented a short while ago: what changes the account demands it. */
  fresh: boolean
}

/** A session as its user may see it. */
export interface SessionView {
  sessionId: string
  name: string | null
  address: string
  acr: Acr
  /** Whether a remembered device stood in for the code. */
  byDevice: boolean
  createdAt: Date
  lastUsedAt: Date
  expiresAt: Date
}

/** A remembered device as its user may see it. */
export interface DeviceView {
  deviceId: string
  name: string | null
  address: string
  createdAt: Date
  lastUsedAt: Date
  expiresAt: Date
}

/**
 * Where sessions live. A session is over when it was revoked, when it has reached its absolute or its idle end, and when
 * the account's epoch was raised after it was opened. Each method is one statement whose effect is committed when it
 * returns; throws `service_unavailable` or `overloaded` when the store cannot answer.
 */
export interface SessionStore {
  /** Rotates a refresh token: for one caller, however many present it; see `RefreshResult` for the others. */
  refresh(token: Rotation & { address: string }): Promise<RefreshResult>
  /** The account that a session speaks for; undefined when the session is over. */
  findAuthorized(session: { userId: string; sessionId: string }): Promise<Authorized | undefined>
  /** The open sessions of a user, the last used first. */
  list(userId: string): Promise<SessionView[]>
  /** Ends one session; false when the user has no such open one. */
  end(session: { userId: string; sessionId: string }): Promise<boolean>
  /** Ends the session that a refresh token belongs to, or belonged to; undefined when there is none that is open. */
  endByToken(hash: Buffer): Promise<{ userId: string; sessionId: string } | undefined>
  /** Ends all sessions of a user but this one, and returns how many: none when this one is over by then. */
  endOthers(session: { userId: string; sessionId: string }): Promise<number>
  /**
   * Replaces a password, if it is still `from` and the session that asks is fresh: raises the epoch, which ends all that was
   * begun before, and opens a session in the place of the one that asked. Undefined when either is no longer so.
   */
  changePassword(change: {
    userId: string
    sessionId: string
    from: string
    to: string
    attempt: PasswordAttempt
    session: NewSession
  }): Promise<OpenSession | undefined>
}

/** Where remembered devices live; as for sessions, one of an older epoch than its account's is forgotten. */
export interface DeviceStore {
  /**
   * Opens a session of one factor for a device that is presented with a right password, and rotates its token. Unless the
   * device is known, nothing happens but that a token which comes back is dealt with.
   */
  openByDevice(login: {
    userId: string
    authEpoch: number
    token: Rotation
    attempt: PasswordAttempt
    session: NewSession
    amr: readonly string[]
  }): Promise<DeviceResult>
  /** The remembered devices of a user, the last used first. */
  list(userId: string): Promise<DeviceView[]>
  /** Forgets one device and ends the sessions that it opened; false when the user has no such one. */
  forget(device: { userId: string; deviceId: string }): Promise<boolean>
  /** Forgets all devices of a user and ends the sessions that they opened; returns how many devices. */
  forgetAll(userId: string): Promise<number>
}
