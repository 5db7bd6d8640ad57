/**
 * The ports: what the login flow asks of the world. The flow knows nothing else of databases, tokens, companies or
 * frameworks; each port has its contract suite in `test/contracts/`.
 */

import type { NoticeKind } from './account/ports.ts'
import type { Carrier, Channel, Client, SendPlan } from './delivery/ports.ts'
import type { OpenSession } from './session/ports.ts'

export * from './account/ports.ts'
export * from './challenge/ports.ts'
export * from './delivery/ports.ts'
export * from './guard/ports.ts'
export * from './session/ports.ts'

/** The kinds of second factor. A new one adds its name here and its folder under `factors/`. */
export type FactorName = 'sms'

/** What a challenge is for; a code made for one purpose never serves another (ASVS 6.6.2). */
export const PURPOSES = ['login', 'register', 'phone'] as const

/** One of them. */
export type Purpose = (typeof PURPOSES)[number]

/** A second factor as enrolled for one user. */
export interface EnrolledFactor {
  name: FactorName
  /** Where a code goes, E.164; null for factors that send nothing. */
  phone: string | null
  /** False while it is locked or disabled. */
  usable: boolean
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

/** What a pending-2fa token says. */
export interface PendingClaims {
  userId: string
  challengeId: string
  purpose: Purpose
  /** The client's half of the code's key: 128 bits, base64url. It is stored nowhere else. */
  key: string
}

/** A pending token that was verified, and the server's half of the key that belongs to it. */
export interface VerifiedPending extends PendingClaims {
  pepper: Uint8Array
}

/** Signs and checks both kinds of token. */
export interface Tokens {
  /**
   * What a new challenge is keyed with, and the name of the secret it comes from. Ask once for each challenge: another
   * secret may be in force a moment later, and code and token must come from the same one.
   */
  secret(): { id: string; pepper: Uint8Array }
  /** The clock that tokens are dated by, Unix seconds. */
  clock(): number
  /** The same claims, life, date and secret give the same token. A secret that is gone is replaced by the one in force. */
  signPending(claims: PendingClaims, expiresIn: number, issuedAt: number, secretId: string): string
  /** Throws `invalid_token`, or `challenge_invalid` when nothing is wrong with the token but its age. */
  verifyPending(token: string): VerifiedPending
  /** An RFC 9068 access token that speaks for an open session. */
  signAccess(session: Omit<OpenSession, 'lasts'>): { token: string; expiresIn: number }
  /** The user and the session that an access token was issued to. Throws `invalid_token`. */
  verifyAccess(token: string): { userId: string; sessionId: string }
  /** What successors of opaque tokens are made with: the first for new ones. */
  successorKeys(): readonly Uint8Array[]
}

/** A second factor whose code we make and a message carries to the user. */
export interface CodeFactor {
  readonly name: FactorName
  /** What it adds to `amr` (RFC 8176) when the code came by this channel. */
  amr(channel: Channel): readonly string[]
  /** What some company of this server has. */
  readonly channels: readonly Channel[]
  /** The one spelling, E.164, of a number as it was written. Throws `validation_failed` for other text. */
  readPhone(written: string): string
  /** Throws `destination_not_allowed` where no code may be sent to. */
  assertAllowed(phone: string): void
  /** The code that this number always gets: for scenario numbers alone. */
  fixedCode(phone: string): string | undefined
  /**
   * Plans one code. Carriers in `failed` come last, and when a channel that nobody asked for has no other, the next
   * channel takes over. Throws `destination_not_allowed` when no company has the channel there, and `sms_unavailable`
   * when every one that has is known to be down.
   */
  plan(wish: {
    phone: string
    code: string
    /** The one that was asked for. */
    channel: Channel | undefined
    /** The one to begin with when none was asked for. */
    formerChannel?: Channel
    failed: readonly Carrier[]
    locale: string | null
    acceptLanguage: string | undefined
    client: Client | undefined
  }): SendPlan
  /** Plans a text message about a change of an account; undefined when no provider has text messages. */
  planNotice(notice: { kind: NoticeKind; phone: string; locale: string | null }): SendPlan | undefined
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

/** A decision worth a line in the log. Never holds a code, a password, a token or a whole number. */
export type Journal = (
  event:
    | 'login_ok'
    | 'login_failed'
    | 'login_throttled'
    | 'send_refused'
    | 'request_repeated'
    | 'human_check_unavailable'
    | 'code_sent'
    | 'code_not_sent'
    | 'delivery_not_recorded'
    | 'receipt_taken'
    | 'receipt_refused'
    | 'code_ok'
    | 'code_wrong'
    | 'code_refused'
    | 'resend_refused'
    | 'session_refreshed'
    | 'session_reused'
    | 'refresh_refused'
    | 'session_ended'
    | 'sessions_ended'
    | 'device_used'
    | 'device_reused'
    | 'device_forgotten'
    | 'devices_forgotten'
    | 'registration_begun'
    | 'registration_refused'
    | 'registered'
    | 'password_changed'
    | 'password_refused'
    | 'phone_change_begun'
    | 'phone_changed'
    | 'notice_sent'
    | 'notice_not_sent'
    | 'admin_call'
    | 'admin_refused',
  context: RequestContext,
  facts: Record<string, string | number | boolean | null | undefined>,
) => void
