/** The ports of challenges: opening, resending, guessing and reading them. */
import type { Carrier, Channel, DeliveryStatus, SendEntry } from '../delivery/ports.ts'
import type { GuardObjection, GuardRequest } from '../guard/ports.ts'
import type { NewDevice, NewSession, OpenSession } from '../session/ports.ts'
import type { ChallengeRef, Enrollment, FactorName, PasswordAttempt } from '../terms.ts'
import type { Proof } from './factor.ts'

/** The reason why a challenge accepts no guesses and sends no codes. */
export type Closed =
  /** The challenge has expired, was spent, replaced or exhausted, or its account was changed. */
  { outcome: 'gone' } | { outcome: 'locked'; retryAfter: number } | { outcome: 'disabled' }

/** The reason why no code may be sent now; the open challenge stays unchanged. Seconds are whole and at least 1. */
export type Held =
  | { outcome: 'cooldown'; retryAfter: number }
  | GuardObjection
  | { outcome: 'repeated' /** The key is in use. */ }

/** A request that may be repeated under its Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07). */
export interface IdempotentRequest {
  /** SHA-256 of the key. */
  keyHash: Buffer
  /** HMAC of the request, under the key. */
  fingerprint: Buffer
  /** The date of its token, in Unix seconds, and the secret that signs it. */
  issuedAt: number
  secretId: string
}

/** The result of an earlier request under the same key. */
export interface Replay {
  fingerprint: Buffer
  userId: string
  challengeId: string
  issuedAt: number
  secretId: string
  /** The whole life of its token, in seconds. */
  life: number
  factor: FactorName
  /** As in `ChallengeView`. */
  options: ChallengeView['options']
  expiresIn: number
  /** The message that carries the code; null when nothing was sent. */
  delivery: { channel: Channel; destination: string; status: DeliveryStatus; resendIn: number } | null
  /** True while the message may be on its way to a provider. */
  inProgress: boolean
}

/** A challenge or code made by a factor, to be stored. */
export interface MadeCode {
  /** As in `Begun`. */
  hash: Buffer | null
  /** As in `Begun`; null for most factors. */
  options: Readonly<Record<string, unknown>> | null
  /** The message and the guard's input; undefined when nothing is sent. */
  send: { entry: SendEntry; guard: GuardRequest } | undefined
  request: IdempotentRequest | undefined
}

/** The common result of every stored challenge or code. Seconds are whole; `resendIn` is 0 when nothing was sent. */
export interface Issued {
  outcome: 'issued'
  expiresIn: number
  resendIn: number
}

/** The result of `begin`. */
export type BeginResult =
  | (Issued & { undo: BeginUndo })
  | Held
  /** The account or its factor was changed, locked or disabled after it was read. */
  | { outcome: 'refused' }

/** The input of `withdrawBegin`; opaque to the core. */
export interface BeginUndo {
  formerChallengeId: string | null
}

/** The result of `replaceCode`. */
export type ReplaceResult = (Issued & { undo: ReplaceUndo }) | Held | Closed

/** The input of `withdrawReplace`; opaque to the core. */
export interface ReplaceUndo {
  formerCodeHash: Buffer | null
  formerOptions: MadeCode['options']
  formerChannel: string | null
  formerSendId: string | null
  codeHash: Buffer | null
  keyHash: Buffer | null
}

/** The result of `guess`. */
export type GuessResult =
  /** The guess was correct, spent the challenge and opened a session. */
  | { outcome: 'spent'; session: OpenSession }
  /** The guess was correct and spent the challenge, but another user has the name or used the invite meanwhile. */
  | { outcome: 'unregistered'; reason: 'name' | 'invite' }
  | { outcome: 'wrong'; attemptsLeft: number }
  | Closed

/** A challenge, as the holder of its pending token may see it. */
export interface ChallengeView {
  factor: FactorName
  /** All factors of the account. */
  factors: FactorName[]
  /** As in `Begun`; null for most factors. */
  options: Readonly<Record<string, unknown>> | null
  state: 'waiting' | 'approved' | 'closed'
  attemptsLeft: number
  expiresIn: number
  /** The message that carries the code, with the complete destination, to be masked; null when nothing was sent. */
  delivery: { channel: Channel; destination: string; status: DeliveryStatus; resendIn: number } | null
  /** Carriers that failed to deliver a code of this challenge. */
  failed: Carrier[]
  /** The user's language, as in `Account`. */
  locale: string | null
}

/**
 * The store of challenges, guesses, cooldowns and locks. Each method is one atomic statement that is committed when it
 * returns. All times are those of the database's clock. If a method throws, its outcome is unknown and must be treated
 * as used up.
 */
export interface ChallengeStore {
  /**
   * Opens a challenge, records its first send in the ledger, charges the budgets and starts the cooldown. It opens none
   * while the cooldown runs, when the guard objects, when the key is in use, or when the account has changed. A new
   * challenge replaces the user's previous one of the same purpose: at most one is open. In every case the password was
   * correct, so the attempt is forgiven.
   */
  begin(
    challenge: ChallengeRef &
      MadeCode & {
        factor: FactorName
        /** The factor's destination as it was read. For a change of it, the guard's request has the new one. */
        destination: string | null
        /** The caller's session, which must be fresh for the purpose `phone`. */
        bySession?: string | undefined
        authEpoch: number
        /** The password attempt to forgive. */
        attempt?: PasswordAttempt | undefined
      },
  ): Promise<BeginResult>
  /** Withdraws `begin` after a send that certainly failed: restores the previous challenge, frees cooldown and key. */
  withdrawBegin(ref: ChallengeRef, undo: BeginUndo): Promise<void>
  /**
   * Gives an open challenge a new code, records its send and starts the cooldown. The number of guesses is not reset
   * (SP 800-63B-4 §3.1.3.2).
   */
  replaceCode(code: ChallengeRef & MadeCode): Promise<ReplaceResult>
  /** Withdraws `replaceCode` after a send that certainly failed: restores the previous code, ends the cooldown. */
  withdrawReplace(ref: ChallengeRef, undo: ReplaceUndo): Promise<void>
  /**
   * Counts one guess, judges its proof (see `Proof`) and spends the challenge if the proof is correct. Of all parallel
   * callers exactly one gets `spent`. A wrong guess raises the account's failure counter, which locks and finally
   * disables the factor; a correct guess resets it (SP 800-63B-4 §3.2.2). The same statement completes the purpose. For
   * `register` it creates the account. For `phone` it changes the factor's number, raises the epoch and stores the
   * notice to the old number. It also opens the session.
   */
  guess(
    ref: ChallengeRef & {
      factor: FactorName
      proof: Proof
      session: NewSession
      /** The `amr` for each channel that the code may have come by; `none` is for a challenge that sent nothing. */
      amr: Readonly<Record<string, readonly string[]>>
      /** The device to remember with the session. */
      device?: NewDevice | undefined
      /** As in `begin`. */
      bySession?: string | undefined
    },
  ): Promise<GuessResult>
  /** Returns the result of the request with this key, the user's own where several had it; undefined when unknown. */
  findReplay(keyHash: Buffer, userId: string): Promise<Replay | undefined>
  /** Returns the challenge as its holder may see it; undefined when it does not exist. */
  find(ref: ChallengeRef): Promise<ChallengeView | undefined>
  /** Returns a factor's stored state for a user; its members are null when the user does not have the factor. */
  findEnrollment(userId: string, factor: FactorName): Promise<Enrollment>
}
