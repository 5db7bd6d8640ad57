/** The limits of the second factor. The store applies them by its own clock, in the statement that spends. */
import { DURATIONS } from './durations.ts'

/** The settings that change limits, in seconds; `DURATIONS` has their defaults. */
export type LimitSettings = Partial<Record<Exclude<keyof typeof DURATIONS, 'accessTtl'>, number>>

/** The limits that the store enforces. Durations are seconds. */
export interface Limits {
  codeTtl: number
  /** Guesses for one challenge. */
  attemptsPerChallenge: number
  /** Waits after the first, second … code in a row; the last one repeats. */
  cooldowns: readonly number[]
  /** Seconds without a code after which the wait falls by one step. */
  cooldownDecay: number
  /** Consecutive failures of one factor that lock it; each multiple locks it again. */
  failuresPerLock: number
  /** The first lock. Each further one is twice as long, up to `longestLock`. */
  firstLock: number
  longestLock: number
  /** Consecutive failures that disable the factor until an operator resets it (SP 800-63B-4 §3.2.2: at most 100). */
  failuresToDisable: number
  sessionTtl: number
  sessionIdle: number
  deviceTtl: number
  freshFor: number
  /** Seconds in which a used token returns the same successor again, as long as the successor is unused. */
  rotationGrace: number
}

/**
 * Covers the retries of a client that loses responses: our client makes three attempts of 10 s with up to 5 s between
 * them. It also covers the minute of a rate limit. A longer grace would let a copied token go undetected for longer.
 */
const ROTATION_GRACE = 120

/**
 * Number of codes in a row after which a receipt `undelivered` no longer ends the cooldown. Undelivered messages still cost
 * money, and attackers could otherwise request them without a wait.
 */
export const MOST_FREED_WAITS = 3

/**
 * The longest `Retry-After` for a condition that may end earlier, in seconds: a block may be lifted, or another
 * provider may take the message.
 */
export const LONGEST_ADVICE = 3_600

const COOLDOWN_STEPS = 7

/** Largest request body, in bytes. */
export const BODY_LIMIT = 8_192

/** Digits of a code (SP 800-63B-4 §3.1.3.2: at least 6): the default of `CODE_LENGTH` and its bounds. */
export const CODE_DIGITS = { default: 6, minimum: 6, maximum: 8 } as const

/** Returns the limits for these settings. */
export const limitsFor = ({
  codeTtl = DURATIONS.codeTtl.default,
  resendCooldown = DURATIONS.resendCooldown.default,
  sessionTtl = DURATIONS.sessionTtl.default,
  sessionIdle = DURATIONS.sessionIdle.default,
  deviceTtl = DURATIONS.deviceTtl.default,
  freshFor = DURATIONS.freshFor.default,
}: LimitSettings = {}): Limits => ({
  codeTtl,
  sessionTtl,
  sessionIdle,
  deviceTtl,
  freshFor,
  rotationGrace: ROTATION_GRACE,
  attemptsPerChallenge: 5,
  cooldowns: Array.from({ length: COOLDOWN_STEPS }, (_, step) => resendCooldown * 2 ** step),
  cooldownDecay: 30 * 60,
  failuresPerLock: 10,
  firstLock: 15 * 60,
  longestLock: 24 * 60 * 60,
  failuresToDisable: 100,
})

/** The limits without any settings, for texts about them. */
export const DEFAULT_LIMITS = limitsFor()

/**
 * The rules that slow down password guessing. None locks an account: strangers must not be able to lock out its owner.
 */
export interface PasswordRules {
  /** Seconds for which an attempt counts. */
  within: number
  /** Attempts of one address for one name, without forgiven ones, before it must wait. */
  perAddress: number
  /**
   * Failures of one name, from all addresses. From this many on, responses to addresses that never logged in to the
   * name are delayed: by `firstDelay` ms, doubled at each further multiple, up to `longestDelay`.
   */
  delayFrom: number
  firstDelay: number
  longestDelay: number
}

/** The rules unless limits are off. They apply to existing and unknown names alike. */
export const PASSWORD_RULES: PasswordRules = {
  within: 15 * 60,
  perAddress: 10,
  delayFrom: 10,
  firstDelay: 250,
  longestDelay: 2_000,
}
