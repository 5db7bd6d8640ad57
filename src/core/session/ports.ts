/** The ports of sessions with their refresh tokens, and of remembered devices. */
import type { Account, PasswordAttempt } from '../terms.ts'

/** The assurance levels of SP 800-63B-4: one factor, or two. */
export type Acr = 'aal1' | 'aal2'

/** The client, as the user recognizes it in the list of sessions. */
export interface Caller {
  /** The client's name for itself; null when it sends none. */
  name: string | null
  /** As in `RequestContext`. */
  address: string
}

/** A session to open. */
export interface NewSession extends Caller {
  sessionId: string
  /** SHA-256 of its first refresh token. */
  refreshHash: Buffer
}

/** A device to remember. */
export interface NewDevice {
  deviceId: string
  tokenHash: Buffer
}

/** An open session, as tokens need it. */
export interface OpenSession {
  userId: string
  sessionId: string
  acr: Acr
  amr: string[]
  /** The time at which its factors were proved, in Unix seconds. */
  authTime: number
  /** Whole seconds until its refresh token expires, if it is not used. */
  lasts: number
}

/** A rotating token that was presented, and its successor. */
export interface Rotation {
  hash: Buffer
  nextHash: Buffer
  /** The salt that the successor is derived with. */
  salt: Buffer
}

/** The salt of a token that was presented again within its grace, from which its successor is derived again. */
export interface Repeated {
  salt: Buffer
  /** SHA-256 of the successor. */
  successor: Buffer
}

/** The result of `refresh`. */
export type RefreshResult =
  | { outcome: 'rotated'; session: OpenSession }
  | ({ outcome: 'repeated'; session: OpenSession } & Repeated)
  /** The token was used before. Its session is now revoked. */
  | { outcome: 'reused'; userId: string; sessionId: string }
  /** The token is unknown, or its session is over. */
  | { outcome: 'gone' }

/** The result of `openByDevice`. */
export type DeviceResult =
  | { outcome: 'rotated'; deviceId: string; lasts: number; session: OpenSession }
  | ({ outcome: 'repeated'; deviceId: string; lasts: number; session: OpenSession } & Repeated)
  /** The token was used before, and the grace is over. The device is now forgotten. */
  | { outcome: 'reused'; deviceId: string }
  /** The token is unknown, expired or belongs to another user. */
  | { outcome: 'unknown' }

/** An account, and the session that authorizes the request. */
export interface Authorized {
  account: Account
  sessionId: string
  /** True when both factors were proved recently. Account changes require it. */
  fresh: boolean
}

/** A session, as its user may see it. */
export interface SessionView {
  sessionId: string
  name: string | null
  address: string
  acr: Acr
  /** True when a remembered device replaced the code. */
  byDevice: boolean
  createdAt: Date
  lastUsedAt: Date
  expiresAt: Date
}

/** A remembered device, as its user may see it. */
export interface DeviceView {
  deviceId: string
  name: string | null
  address: string
  createdAt: Date
  lastUsedAt: Date
  expiresAt: Date
}

/**
 * The store of sessions. A session ends when it is revoked, reaches its absolute or idle expiry, or when the account's
 * epoch is raised. Each method is one statement that is committed when it returns. Throws `service_unavailable` or
 * `overloaded` when the database does not answer.
 */
export interface SessionStore {
  /** Rotates a refresh token. Of all parallel callers one gets `rotated`; see `RefreshResult` for the others. */
  refresh(token: Rotation & { address: string }): Promise<RefreshResult>
  /** Returns the account of a session; undefined when the session is over. */
  findAuthorized(session: { userId: string; sessionId: string }): Promise<Authorized | undefined>
  /** Returns the open sessions of a user, the last used first. */
  list(userId: string): Promise<SessionView[]>
  /** Ends one session. Returns false when the user has no such open session. */
  end(session: { userId: string; sessionId: string }): Promise<boolean>
  /**
   * Ends the session that a refresh token belongs to, or belonged to. Returns undefined when it has no open session.
   */
  endByToken(hash: Buffer): Promise<{ userId: string; sessionId: string } | undefined>
  /** Ends all sessions of a user but this one. Returns their number; 0 when this session is over by then. */
  endOthers(session: { userId: string; sessionId: string }): Promise<number>
  /**
   * Replaces a password if it is still `from` and the caller's session is fresh. Raises the epoch, which ends all
   * earlier sessions, and opens one in place of the caller's. Returns undefined when a condition fails.
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

/** The store of remembered devices. A device of an older epoch than its account's is forgotten. */
export interface DeviceStore {
  /**
   * Opens a session of one factor for a device presented with a correct password, and rotates its token. For an unknown
   * device it only handles a reused token.
   */
  openByDevice(login: {
    userId: string
    authEpoch: number
    token: Rotation
    attempt: PasswordAttempt
    session: NewSession
    amr: readonly string[]
  }): Promise<DeviceResult>
  /** Returns the remembered devices of a user, the last used first. */
  list(userId: string): Promise<DeviceView[]>
  /** Forgets one device and ends its sessions. Returns false when the user has no such device. */
  forget(device: { userId: string; deviceId: string }): Promise<boolean>
  /** Forgets all devices of a user and ends their sessions. Returns the number of devices. */
  forgetAll(userId: string): Promise<number>
}
