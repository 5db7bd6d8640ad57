/** The base types of the flow, which every part of it knows. */

/** The name of a second factor, such as `sms`: that of its folder below `factors/`. */
export type FactorName = string

/** What a challenge is for; a code made for one purpose never serves another (ASVS 6.6.2). */
export const PURPOSES = ['login', 'register', 'phone'] as const

/** A purpose of a challenge. */
export type Purpose = (typeof PURPOSES)[number]

/** Names one challenge of one user. */
export interface ChallengeRef {
  challengeId: string
  userId: string
  purpose: Purpose
}

/** A second factor as enrolled for one user. */
export interface EnrolledFactor {
  name: FactorName
  /** Where its messages go, in the one spelling that the factor gives it; null for factors that send nothing. */
  destination: string | null
  /** False while it is locked or disabled. */
  usable: boolean
}

/** What a factor keeps of one user to judge answers by. */
export interface Enrolment {
  /** Sealed by the factor itself; null where it keeps none. */
  secret: Buffer | null
  /** The last value that an answer advanced it to, such as a time step; null before the first. */
  counter: number | null
}

/** A user as the flow sees one. */
export interface Account {
  userId: string
  username: string
  /** PHC string, or null for a user who has no password. */
  passwordHash: string | null
  disabled: boolean
  /** Raised by everything that must end what was begun before it: tokens of an older epoch are dead. */
  authEpoch: number
  /** BCP 47: the language that messages are to be in; null when the user has none on record. */
  locale: string | null
  /** Whole seconds until another code may be sent; 0 when it may now. */
  resendIn: number
  factors: EnrolledFactor[]
}

/** Under what a try of a password is counted; see `attemptKeys`. */
export interface PasswordAttempt {
  /** Stands for the address and the name together. */
  pair: Buffer
  /** Stands for the name, whoever tries. */
  name: Buffer
  /** As in `RequestContext`. */
  host: string
}

/** Where a request came from, for the journal and the counters. */
export interface RequestContext {
  requestId: string
  /** As our proxies tell it. */
  address: string
  /** What counts as one client: the IPv4 address, or the /64 of an IPv6 one. */
  host: string
  /** What counts as one site: the /24 of an IPv4 address, or the /48 of an IPv6 one. */
  network: string
  /** What the client calls itself in `User-Agent`, its first 64 characters; null when it says nothing. */
  client: string | null
  /** Milliseconds until the caller must have its answer; negative once that time is over. */
  left: () => number
}
