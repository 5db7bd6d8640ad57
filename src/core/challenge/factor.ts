import type { Carrier, Channel, Client, NoticeKind, SendPlan } from '../delivery/ports.ts'
import type { Enrollment, FactorName } from '../terms.ts'

/** A way to prove the second factor. Counting, locking, spending and expiry belong to the store. */
export interface Factor {
  readonly name: FactorName
  /** Digits of the code that the user types; undefined where the answer is of another kind. */
  readonly codeLength?: number
  /**
   * Returns the factor's values for `amr` (RFC 8176), by the channel that the code came by; null when nothing was sent.
   */
  amr(channel: Channel | null): readonly string[]
  /**
   * Makes the expected answer of a new challenge, and possibly a message. Called again for each resend. Throws a
   * `Problem` when the factor cannot open a challenge now.
   */
  begin(request: BeginRequest): Begun | Promise<Begun>
  /** Converts the client's answer into the proof that the store compares or advances. */
  answer(request: AnswerRequest): Proof | Promise<Proof>
  /** Delivers messages to the user; undefined for a factor that sends nothing. */
  readonly delivery?: FactorDelivery
}

/** The functions that both steps offer to a factor. */
interface FactorRequest {
  /** Returns a MAC of an answer, bound to this challenge under both halves of its key: 32 bytes, not searchable. */
  hash(answer: string): Buffer
  /** Reads the factor's stored state for this user. It takes a round trip, so call it only when needed. */
  enrollment(): Promise<Enrollment>
}

/** The input of `Factor.begin`, for a new challenge and for a resend. */
export interface BeginRequest extends FactorRequest {
  /** As in `EnrolledFactor`, or the new destination that is to replace it. */
  destination: string | null
  /** The channel that the caller requested. */
  channel: Channel | undefined
  /** The channel of the previous code. */
  formerChannel: Channel | undefined
  /** Carriers that failed to deliver a code of this challenge. They are tried last. */
  failed: readonly Carrier[]
  /** The user's language, BCP 47. */
  locale: string | null
  acceptLanguage: string | undefined
  client: Client | undefined
}

/** The expected answer of a challenge, and the message to the user. */
export interface Begun {
  /** The hash of the correct answer; null for a factor that judges by its enrollment alone. */
  hash: Buffer | null
  /** Data that the client needs to answer, such as a question or the options of an authenticator: a JSON object. */
  options?: Readonly<Record<string, unknown>>
  /** Sends the message to the user. */
  plan?: SendPlan
}

/** The input of `Factor.answer`. */
export interface AnswerRequest extends FactorRequest {
  /** As the user typed it. */
  code: string
}

/**
 * The store's input for judging an answer: a hash that must equal the challenge's, a counter that must exceed the
 * enrollment's last one, or both. A proof with neither is a wrong answer.
 */
export interface Proof {
  hash?: Buffer
  /** A whole number from 0 to 2^53 - 1. */
  counter?: number
}

/** The capability of factors that send messages. */
export interface FactorDelivery {
  /** The channels of this server's providers, the preferred one first. */
  readonly channels: readonly Channel[]
  /** Returns the canonical form of a destination. Throws `validation_failed` for invalid text. */
  readDestination(written: string): string
  /** Throws `destination_not_allowed` when no message may be sent there. */
  assertAllowed(destination: string): void
  /** Returns the masked destination, for callers and logs. */
  mask(destination: string): string
  /** Plans a message about an account change; undefined when no provider can take it. */
  planNotice(notice: { kind: NoticeKind; destination: string; locale: string | null }): SendPlan | undefined
}

/** A factor that sends messages. */
export type DeliveringFactor = Factor & { readonly delivery: FactorDelivery }

/** Returns the factor that sends messages: to users who register, and to users who change their destination. */
export const findDelivering = (factors: readonly Factor[]): DeliveringFactor | undefined =>
  factors.find((factor): factor is DeliveringFactor => factor.delivery !== undefined)
