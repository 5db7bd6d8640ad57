/**
 * The ports of the toll-fraud guard: what may stand between a right password and a message that costs money. Known to
 * the flow as a part of `ports.ts`.
 */

/** What the guard must know of one message besides its entry in the ledger. */
export interface GuardRequest {
  /** E.164. */
  phone: string
  /** False for messages that cost nothing and reach nobody: those to scenario numbers. */
  applies: boolean
  /** Whether the number is on the safe list. */
  safe: boolean
  /** Whether whoever asks has passed a human check, or nobody could say. */
  human: boolean
  /** Where the request came from, as in `RequestContext`. */
  host: string
  network: string
}

/** That the guard lets a message go no further, and by which of its rules. Seconds are whole and at least 1. */
export type GuardObjection =
  /** A cap on a user, a number or an address, which time opens again. */
  | { outcome: 'capped'; rule: string; retryAfter: number }
  /** A block, or a budget that is used up. */
  | { outcome: 'blocked'; rule: string; retryAfter: number }
  /** A human check comes first. */
  | { outcome: 'check'; rule: string }

/** What a client must solve to show that it is worth a message; members are as the check's own client takes them. */
export type HumanChallenge = { kind: string } & Record<string, string | number>

/** Tells people from programs that ask a thousand times: Turnstile, hCaptcha, or work that only a crowd of requests feels. */
export interface HumanCheck {
  readonly name: string
  /** A fresh challenge for whoever was asked for one. */
  challenge(): HumanChallenge
  /**
   * Whether `answer` solves a challenge, each challenge once. Never throws and answers within 2 s: `unavailable` when
   * nobody could say.
   */
  verify(answer: string, context: { address: string }): Promise<'passed' | 'failed' | 'unavailable'>
}

/** What is known of a number besides its digits. */
export interface NumberIntelligence {
  readonly name: string
  /**
   * Whether the number was taken over of late (SIM swap, porting) or is known for fraud: SP 800-63B-4 §3.1.3.3. Never
   * throws and answers within 1 s: `unknown` when nobody could say.
   */
  assess(phone: string): Promise<'low' | 'high' | 'unknown'>
}

/** Remembers what may be used once. */
export interface NonceStore {
  /** True for exactly one caller, until `ttl` seconds have passed; one atomic statement. */
  use(nonce: string, ttl: number): Promise<boolean>
}
