/**
 * The ports of the guard against toll fraud, which decides between a correct password and a message that costs money.
 */

/** The guard's input for one message, in addition to its ledger entry. */
export interface GuardRequest {
  /** E.164. */
  phone: string
  /** False for messages that are free and reach no phone: those to scenario numbers. */
  applies: boolean
  /** True for a number on the safe list. */
  safe: boolean
  /** True when the client passed a human check, or the check was unavailable. */
  human: boolean
  /** The client's address, as in `RequestContext`. */
  host: string
  network: string
}

/** The guard's refusal of a message, and the rule behind it. Seconds are whole and at least 1. */
export type GuardObjection =
  /** A cap on a user, a number or an address, which ends with time. */
  | { outcome: 'capped'; rule: string; retryAfter: number }
  /** A block, or an exhausted budget. */
  | { outcome: 'blocked'; rule: string; retryAfter: number }
  /** The client must pass a human check first. */
  | { outcome: 'check'; rule: string }

/** The task that a client must solve before a message is sent. The members are those of the check's own client. */
export type HumanChallenge = { kind: string } & Record<string, string | number>

/** Distinguishes people from programs: Turnstile, hCaptcha, or a proof of work that is costly only in large numbers. */
export interface HumanCheck {
  readonly name: string
  /** Makes a new challenge for a client. */
  challenge(): HumanChallenge
  /**
   * Verifies the solution of a challenge; each challenge can be solved once. Never throws and answers within 2 s;
   * `unavailable` when the check cannot decide.
   */
  verify(answer: string, context: { address: string }): Promise<'passed' | 'failed' | 'unavailable'>
}

/** Reports the risk of a phone number. */
export interface NumberIntelligence {
  readonly name: string
  /**
   * Reports whether the number was taken over recently (SIM swap, porting) or is known for fraud (SP 800-63B-4
   * §3.1.3.3). Never throws and answers within 1 s; `unknown` when the service cannot decide.
   */
  assess(phone: string): Promise<'low' | 'high' | 'unknown'>
}

/** The store of values that may be used once. */
export interface NonceStore {
  /** Returns true for exactly one caller until `ttl` seconds have passed; one atomic statement. */
  use(nonce: string, ttl: number): Promise<boolean>
}
