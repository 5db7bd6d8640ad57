/**
 * The rules of the toll-fraud guard, in the order in which they are asked: the first that objects decides. The database
 * applies them, in the statement that opens a challenge or replaces its code (`db/functions/guard_send.sql`), to what
 * stands in the ledger; here are all their numbers, which `SMS_GUARD_LIMITS` replaces. Durations are seconds.
 *
 * A user is *known* when they entered a code sent to the same number within the last 30 days. Fraud lives on numbers
 * that never do: known users pass the rules on addresses, prefixes and countries, and have a tenth of each budget for
 * themselves. Numbers on the safe list pass those three as well.
 */
export const GUARD_RULES = {
  /** Codes to one user, over all their challenges. */
  user: { perHour: 5 },
  /**
   * Codes to one number, over all accounts: any caller has so many, less all that went there. The users who are known
   * to have the number share as many, less what they had, so that strangers cannot use them up. Calls cost more, and have
   * caps of their own besides.
   */
  number: { perHour: 5, perDay: 10, callsPerHour: 3, callsPerDay: 5 },
  /** Codes that one IPv4 address or IPv6 /64 asks for, and its /24 or /48, as long as they are not entered. */
  address: { perHour: 10 },
  network: { perHour: 40 },
  /**
   * A prefix is a number without its last four digits. It trips when an hour has as many sends, and as many times its own
   * hourly mean of `baselineDays`, and that share of its numbers has entered no code.
   */
  prefix: {
    perHour: 8,
    timesMean: 5,
    baselineDays: 14,
    unverified: 0.7,
    /** Half of what trips it asks for a human. */
    checkFrom: 0.5,
    blockFor: 12 * 3_600,
    longestBlock: 7 * 86_400,
  },
  /** Numbers of one prefix, each at most `gap` from the next, that have entered no code: somebody counts upwards. */
  consecutive: { numbers: 4, gap: 10, within: 600 },
  /**
   * Codes that are entered, by country: over the last `sends` or the last `within`, whichever is more (at most `most`),
   * not counting those that may still be entered, nor what may not have arrived. Each number counts once, and fewer than
   * `numbers` say nothing. Opens when even the upper end of the 95 % interval is below `floor`, or
   * below `shareOfBaseline` of what is usual there once `baselineSends` are known. After `openFor` it lets `probes`
   * through, closes when `verified` of them are entered and else opens again for twice as long.
   */
  conversion: {
    sends: 50,
    within: 6 * 3_600,
    most: 500,
    numbers: 12,
    floor: 0.35,
    shareOfBaseline: 0.5,
    baselineSends: 500,
    baselineDays: 14,
    openFor: 1_800,
    longestOpen: 12 * 3_600,
    probes: 5,
    verified: 3,
  },
  /** Budgets of a day: from `soft` on a human is asked for, and the last `reserve` is for known users. */
  budget: { soft: 0.8, reserve: 0.1 },
} as const

/** Budgets of one day, in messages and in the currency of the price table; null for no limit. */
export interface Budget {
  messages: number | null
  cost: number | null
}

/** Budgets by scope: an ISO country, `each` for every other country, `*` for all together. */
export type Budgets = Readonly<Record<string, Budget>>

type Rules = { [N in keyof typeof GUARD_RULES]: { [M in keyof (typeof GUARD_RULES)[N]]: number } }

/** Rules of which some numbers were replaced. */
export type GuardRuleNumbers = Partial<Rules>

/** What the guard enforces: the rules that are on, the budgets, and what it has from the flow. */
export interface GuardPolicy extends Partial<Rules> {
  budgets: Budgets
  /** Seconds a code lives: younger sends may still convert. */
  codeTtl: number
  /** Waits between codes to one number that several users have, as in `Limits`. */
  cooldowns: readonly number[]
  /** Whether anybody can be asked to pass a human check. */
  humanCheck: boolean
}

/** What a policy is made of. */
export interface PolicySettings {
  budgets: Budgets
  codeTtl: number
  cooldowns: readonly number[]
  humanCheck: boolean
  /** Whether the caps hold that stand for every number and address. */
  caps: boolean
  /** Whether the rules hold that tell fraud by its look. */
  fraud: boolean
  /** Rules that have other numbers than by default. */
  numbers?: GuardRuleNumbers
}

/** The rules that are on with these settings; blocks by hand and budgets always are. */
export const policyFor = ({ caps, fraud, numbers, ...rest }: PolicySettings): GuardPolicy => {
  const { user, number, address, network, prefix, consecutive, conversion, budget } = { ...GUARD_RULES, ...numbers }
  return {
    ...rest,
    budget,
    ...(caps && { user, number, address, network }),
    ...(fraud && { prefix, consecutive, conversion }),
  }
}
