import type { Carrier, Channel, Client, NoticeKind, SendPlan } from '../delivery/ports.ts'
import type { Enrolment, FactorName } from '../terms.ts'

/** A way to prove the second factor. What is counted, locked, spent and expires is not its business but the store's. */
export interface Factor {
  readonly name: FactorName
  /** Digits of the code that the user types; undefined where the answer is of another kind. */
  readonly codeLength?: number
  /** Returns what it adds to `amr` (RFC 8176), by the channel that the code came by; null where nothing was sent. */
  amr(channel: Channel | null): readonly string[]
  /**
   * Makes what a new challenge is judged by, and perhaps a message. Called again for each resend. Throws a `Problem` where
   * no challenge is possible now.
   */
  begin(request: BeginRequest): Begun | Promise<Begun>
  /** Turns what the client sent into what the store compares or advances. */
  answer(request: AnswerRequest): Proof | Promise<Proof>
  /** How it reaches the user; undefined for a factor that sends nothing. */
  readonly delivery?: FactorDelivery
}

/** What both steps offer to a factor. */
interface FactorRequest {
  /** Binds an answer to this challenge, under both halves of its key: 32 bytes, of which no store can tell the answer. */
  hash(answer: string): Buffer
  /** Reads what the factor keeps of this user: one round trip, so only for factors that need it. */
  enrolment(): Promise<Enrolment>
}

/** What a challenge is begun from, or begun again for another message. */
export interface BeginRequest extends FactorRequest {
  /** As in `EnrolledFactor`, or the one that is to take its place. */
  destination: string | null
  /** The channel that the caller asked for. */
  channel: Channel | undefined
  /** The one that the code before came by. */
  formerChannel: Channel | undefined
  /** Carriers that did not deliver a code of this challenge: they come last. */
  failed: readonly Carrier[]
  /** BCP 47, of the user. */
  locale: string | null
  acceptLanguage: string | undefined
  client: Client | undefined
}

/** What a challenge is judged by, and what goes to the user. */
export interface Begun {
  /** Hash of the answer that is right; null for a factor that judges by its enrolment alone. */
  hash: Buffer | null
  /** What the client needs to answer, such as a question or the options of an authenticator: a JSON object. */
  options?: Readonly<Record<string, unknown>>
  /** What carries it to the user. */
  plan?: SendPlan
}

/** What a client sent to be judged. */
export interface AnswerRequest extends FactorRequest {
  /** As it was typed. */
  code: string
}

/**
 * What the store judges by: a hash that must equal that of the challenge, a counter that must exceed the last one of the
 * enrolment, or both. One with neither is a wrong answer.
 */
export interface Proof {
  hash?: Buffer
  /** A whole number from 0 to 2^53 - 1. */
  counter?: number
}

/** What factors have that send messages to their users. */
export interface FactorDelivery {
  /** What some provider of this server has, the preferred one first. */
  readonly channels: readonly Channel[]
  /** Returns the one spelling of a destination as it was written. Throws `validation_failed` for other text. */
  readDestination(written: string): string
  /** Throws `destination_not_allowed` where no message may be sent to. */
  assertAllowed(destination: string): void
  /** Returns a destination as callers and logs may see it. */
  mask(destination: string): string
  /** Plans a message about a change of an account; undefined when no provider can take it. */
  planNotice(notice: { kind: NoticeKind; destination: string; locale: string | null }): SendPlan | undefined
}

/** A factor that sends messages. */
export type DeliveringFactor = Factor & { readonly delivery: FactorDelivery }

/** Returns the factor that reaches users who are to be registered, and those who change where their messages go. */
export const findDelivering = (factors: readonly Factor[]): DeliveringFactor | undefined =>
  factors.find((factor): factor is DeliveringFactor => factor.delivery !== undefined)
