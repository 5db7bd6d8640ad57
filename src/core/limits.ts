/**
 * The budgets of the second factor, as numbers. The store compares them with its own clock, in the statement that
 * spends; nothing here reads a counter.
 */
import { DURATIONS } from './durations.ts'

/** The settings that limits are made of, in seconds; each has its default in `DURATIONS`. */
export type LimitSettings = Partial<Record<Exclude<keyof typeof DURATIONS, 'accessTtl'>, number>>

/** What the store enforces. Durations are seconds. */
export interface Limits {
  codeTtl: number
  /** Guesses one challenge takes. */
  attemptsPerChallenge: number
  /** Waits after the first, second … code in a row; the last one repeats. */
  cooldowns: readonly number[]
  /** Quiet time after which the wait falls by one step. */
  cooldownDecay: number
  /** Consecutive failures of one factor that lock it, and again at each multiple. */
  failuresPerLock: number
  /** The first lock; each further one is twice as long, up to `longestLock`. */
  firstLock: number
  longestLock: number
  /** Consecutive failures that disable the factor until an operator resets it (SP 800-63B-4 §3.2.2: at most 100). */
  failuresToDisable: number
  sessionTtl: number
  sessionIdle: number
  deviceTtl: number
  freshFor: number
  /** Seconds in which a token that was used gives the same successor again, while that is unused. */
  rotationGrace: number
}

/**
 * Outlasts the tries of a client whose answers are lost: three of 10 s each with up to 5 s between them, as the client of
 * ours makes, or the minute that a rate limit asks for. A longer grace would let a copied token follow its owner unseen.
 */
const ROTATION_GRACE = 120

/**
 * Codes in a row after which a receipt that says "undelivered" no longer ends the wait: what did not arrive has been
 * paid for all the same, and a phone that takes nothing must not be a way to have it paid again and again.
 */
export const MOST_FREED_WAITS = 3

/**
 * The longest wait that a caller is advised where it may end earlier, in seconds: a block may be lifted, and another
 * provider may take the message.
 */
export const LONGEST_ADVICE = 3_600

const COOLDOWN_STEPS = 7

/** Largest body, in bytes: no request of ours needs more. */
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

/** The limits that hold unless a setting changes them, for texts about them. */
export const DEFAULT_LIMITS = limitsFor()

/** What holds up guesses at passwords. Nothing in it locks an account: a stranger must not be able to lock its owner out. */
export interface PasswordRules {
  /** Seconds that an attempt counts. */
  within: number
  /** Attempts of one address at one name, right ones forgiven, before it must wait. */
  perAddress: number
  /**
   * Failures of one name, from everywhere, from which on answers to addresses that never logged in to it are held back:
   * for `firstDelay` ms, twice as long at each further multiple, at most `longestDelay`.
   */
  delayFrom: number
  firstDelay: number
  longestDelay: number
}

/** The rules that hold unless limits are switched off, for names that somebody has as for those that nobody has. */
export const PASSWORD_RULES: PasswordRules = {
  within: 15 * 60,
  perAddress: 10,
  delayFrom: 10,
  firstDelay: 250,
  longestDelay: 2_000,
}
