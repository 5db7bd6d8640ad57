/**
 * The ports of challenges: how they are opened, given new codes, guessed at and looked at. Known to the flow as a part of
 * `ports.ts`.
 */
import type { Carrier, Channel, DeliveryStatus, SendEntry } from '../delivery/ports.ts'
import type { GuardObjection, GuardRequest } from '../guard/ports.ts'
import type { NewDevice, NewSession, OpenSession } from '../session/ports.ts'
import type { ChallengeRef, Enrolment, FactorName, PasswordAttempt } from '../terms.ts'
import type { Proof } from './factor.ts'

/** Why an account's second factor takes no guesses and sends no codes. */
export type Closed =
  /** The challenge has expired, was spent, superseded or exhausted, or its account was changed. */
  { outcome: 'gone' } | { outcome: 'locked'; retryAfter: number } | { outcome: 'disabled' }

/** Why no code may be sent now, while the challenge that lives is left alone. Seconds are whole and at least 1. */
export type Held =
  | { outcome: 'cooldown'; retryAfter: number }
  | GuardObjection
  | { outcome: 'repeated' /** Its key is taken. */ }

/** One request that may be made again under the same Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07). */
export interface IdempotentRequest {
  /** SHA-256 of the key. */
  keyHash: Buffer
  /** HMAC of what the request asks for, under the key. */
  fingerprint: Buffer
  /** The date of its token, Unix seconds, and the secret that it is signed with. */
  issuedAt: number
  secretId: string
}

/** What a request that came before under the same key has led to. */
export interface Replay {
  fingerprint: Buffer
  userId: string
  challengeId: string
  issuedAt: number
  secretId: string
  /** Seconds that its token lives in all. */
  life: number
  factor: FactorName
  /** As in `ChallengeView`. */
  options: ChallengeView['options']
  expiresIn: number
  /** Of the message that carries the code; null where nothing was sent. */
  delivery: { channel: Channel; status: DeliveryStatus; resendIn: number } | null
  /** Whether the message may still be on its way to a company. */
  inProgress: boolean
}

/** What a factor has made for a challenge, about to be stored. */
export interface MadeCode {
  /** As in `Begun`. */
  hash: Buffer | null
  /** As in `Begun`; null for most factors. */
  options: Readonly<Record<string, unknown>> | null
  /** The message and what the guard must know of it; undefined where nothing is sent. */
  send: { entry: SendEntry; guard: GuardRequest } | undefined
  request: IdempotentRequest | undefined
}

/** What every challenge or code that was stored has. Seconds are whole; `resendIn` is 0 where nothing was sent. */
export interface Issued {
  outcome: 'issued'
  expiresIn: number
  resendIn: number
}

/** The answer to `begin`. */
export type BeginResult =
  | (Issued & { undo: BeginUndo })
  | Held
  /** The account or its factor was changed, locked or disabled after it was read. */
  | { outcome: 'refused' }

/** What `withdrawBegin` needs; opaque to the flow. */
export interface BeginUndo {
  formerChallengeId: string | null
}

/** The answer to `replaceCode`. */
export type ReplaceResult = (Issued & { undo: ReplaceUndo }) | Held | Closed

/** What `withdrawReplace` needs; opaque to the flow. */
export interface ReplaceUndo {
  formerCodeHash: Buffer | null
  formerChannel: string | null
  formerSendId: string | null
  codeHash: Buffer | null
  keyHash: Buffer | null
}

/** The answer to `guess`. */
export type GuessResult =
  /** Right, and spent by this guess, which opened a session. */
  | { outcome: 'spent'; session: OpenSession }
  /** Right and spent, but by now somebody else has the name, or has used the invite. */
  | { outcome: 'unregistered'; reason: 'name' | 'invite' }
  | { outcome: 'wrong'; attemptsLeft: number }
  | Closed

/** A challenge as its holder may see it. */
export interface ChallengeView {
  factor: FactorName
  /** All factors of the account. */
  factors: FactorName[]
  /** As in `Begun`; null for most factors. */
  options: Readonly<Record<string, unknown>> | null
  state: 'waiting' | 'approved' | 'closed'
  attemptsLeft: number
  expiresIn: number
  /** Of the message that carries the code, with its whole destination, for masking; null where nothing was sent. */
  delivery: { channel: Channel; destination: string; status: DeliveryStatus; resendIn: number } | null
  /** Carriers of codes of this challenge that did not deliver. */
  failed: Carrier[]
  /** The user's, as in `Account`. */
  locale: string | null
}

/**
 * Where challenges, attempts, cooldowns and locks live. Every method is one atomic statement whose effect is committed
 * when it returns; all times are the store's own clock. If it throws, the outcome is unknown and must be taken as used.
 */
export interface ChallengeStore {
  /**
   * Opens a challenge, enters its first hand-over in the ledger, takes it from the budgets and starts the cooldown;
   * unless the cooldown runs, the guard objects, the key is taken or the account is no longer as it was read. The user's
   * former challenge of the same purpose is superseded: at most one is ever live. Whatever comes of it, the password was
   * right, and the attempt is forgiven.
   */
  begin(
    challenge: ChallengeRef &
      MadeCode & {
        factor: FactorName
        /** The factor's, as it was read; for a change of it, where the code goes stands in the guard's request. */
        destination: string | null
        /** The session that asks: for `phone` it must be fresh. */
        bySession?: string | undefined
        authEpoch: number
        /** The attempt at a password that led here; it is forgiven. */
        attempt?: PasswordAttempt | undefined
      },
  ): Promise<BeginResult>
  /** Takes `begin` back after a send that surely failed: the former challenge lives again, cooldown and key are free. */
  withdrawBegin(ref: ChallengeRef, undo: BeginUndo): Promise<void>
  /** Gives a live challenge a new code, enters its hand-over and starts the cooldown. Attempts are not refilled (SP 800-63B-4 §3.1.3.2). */
  replaceCode(code: ChallengeRef & MadeCode): Promise<ReplaceResult>
  /** Takes `replaceCode` back after a send that surely failed: the former code lives again, the cooldown ends. */
  withdrawReplace(ref: ChallengeRef, undo: ReplaceUndo): Promise<void>
  /**
   * Counts one guess, judges its proof (see `Proof`) and, if it is right, spends the challenge: true for exactly one caller, however many
   * ask. A wrong guess moves the account's failure counter, which locks and in the end disables the factor; a right one
   * resets it (SP 800-63B-4 §3.2.2). The right one also does, in the same statement, what the challenge was for: it makes an
   * account of a registration, or gives the factor its new number, raises the epoch and writes the notice to the old
   * number down; and opens the session.
   */
  guess(
    ref: ChallengeRef & {
      factor: FactorName
      proof: Proof
      session: NewSession
      /** What `amr` is for a code that came by each channel, and under `none` for a challenge that sent nothing. */
      amr: Readonly<Record<string, readonly string[]>>
      /** To be remembered with the session. */
      device?: NewDevice | undefined
      /** As in `begin`. */
      bySession?: string | undefined
    },
  ): Promise<GuessResult>
  /** What came of the request that had this key, of this user's where several had; undefined when none has, or no longer. */
  findReplay(keyHash: Buffer, userId: string): Promise<Replay | undefined>
  /** The challenge as its holder may see it; undefined when there is no such challenge. */
  find(ref: ChallengeRef): Promise<ChallengeView | undefined>
  /** What a factor keeps of a user; nothing at all when the user does not have it. */
  findEnrolment(userId: string, factor: FactorName): Promise<Enrolment>
}
