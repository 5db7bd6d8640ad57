/** The base types of the core, which all its parts share. */

/** The name of a second factor, such as `sms`: that of its folder in `factors/`. */
export type FactorName = string

/** The purposes of challenges. A code for one purpose is valid for no other (ASVS 6.6.2). */
export const PURPOSES = ['login', 'register', 'phone'] as const

/** A purpose of a challenge. */
export type Purpose = (typeof PURPOSES)[number]

/** A reference to one challenge of one user. */
export interface ChallengeRef {
  challengeId: string
  userId: string
  purpose: Purpose
}

/** A second factor, as enrolled for one user. */
export interface EnrolledFactor {
  name: FactorName
  /** The destination of its messages in canonical form; null for factors that send nothing. */
  destination: string | null
  /** False while it is locked or disabled. */
  usable: boolean
}

/** A factor's stored state for one user, by which answers are judged. */
export interface Enrollment {
  /** Sealed by the factor itself; null when it stores none. */
  secret: Buffer | null
  /** The last value that an answer advanced, such as a time step; null before the first. */
  counter: number | null
}

/** A user, as the core sees it. */
export interface Account {
  userId: string
  username: string
  /** PHC string; null for a user without a password. */
  passwordHash: string | null
  disabled: boolean
  /**
   * The epoch, raised by everything that must end earlier sessions and tokens. Tokens of an older epoch are invalid.
   */
  authEpoch: number
  /** The language of messages, BCP 47; null when the user has none on record. */
  locale: string | null
  /** Whole seconds until another code may be sent; 0 when it may now. */
  resendIn: number
  factors: EnrolledFactor[]
}

/** The keys under which a password attempt is counted; see `attemptKeys`. */
export interface PasswordAttempt {
  /** Identifies the address and the name together. */
  pair: Buffer
  /** Identifies the name, for all addresses. */
  name: Buffer
  /** As in `RequestContext`. */
  host: string
}

/** The origin of a request, for the journal and the counters. */
export interface RequestContext {
  requestId: string
  /** The client's address, as the trusted proxies report it. */
  address: string
  /** The unit that counts as one client: the IPv4 address, or the /64 of an IPv6 address. */
  host: string
  /** The unit that counts as one site: the /24 of an IPv4 address, or the /48 of an IPv6 address. */
  network: string
  /** The first 64 characters of `User-Agent`; null without one. */
  client: string | null
  /** Returns the milliseconds until the response is due; negative afterwards. */
  left: () => number
}
