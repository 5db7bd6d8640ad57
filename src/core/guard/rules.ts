/**
 * The rules of the guard against toll fraud, in order: the first that objects decides. The database applies them to the
 * ledger, in the statement that opens a challenge or replaces its code (`db/functions/guard_send.sql`). These are their
 * numbers, which `SMS_GUARD_LIMITS` replaces. Durations are seconds.
 *
 * A user is *known* after entering a code sent to the same number within the last 30 days. Numbers used for fraud never
 * do. Known users pass the rules on addresses, prefixes and countries, and a tenth of each budget is reserved for them.
 * Numbers on the safe list also pass those three rules.
 */
export const GUARD_RULES = {
  /** Codes to one user, across all challenges. */
  user: { perHour: 5 },
  /**
   * Codes to one number, across all accounts. Every caller has this many, less all codes to the number. The number's
   * known users share the same amount, less their own codes, so that strangers cannot use it up. Calls cost more, and
   * have additional caps.
   */
  number: { perHour: 5, perDay: 10, callsPerHour: 3, callsPerDay: 5 },
  /** Codes requested by one IPv4 address or IPv6 /64, and by its /24 or /48, as long as they are not entered. */
  address: { perHour: 10 },
  network: { perHour: 40 },
  /**
   * A prefix is a number without its last four digits. It is blocked when an hour reaches `perHour` sends, `timesMean`
   * times the hourly mean of `baselineDays`, and the share `unverified` of numbers without an entered code.
   */
  prefix: {
    perHour: 8,
    timesMean: 5,
    baselineDays: 14,
    unverified: 0.7,
    /** The share of these thresholds from which a human check is required. */
    checkFrom: 0.5,
    blockFor: 12 * 3_600,
    longestBlock: 7 * 86_400,
  },
  /** Numbers of one prefix without an entered code, each at most `gap` from the next: a sign of enumeration. */
  consecutive: { numbers: 4, gap: 10, within: 600 },
  /**
   * The share of codes that are entered, by country, over the last `sends` or the last `within`, whichever covers more
   * (at most `most`). Codes that may still be entered and those that may not have arrived do not count. Each number
   * counts once; fewer than `numbers` are not judged. The circuit opens when the upper end of the 95 % interval is
   * below `floor`, or below `shareOfBaseline` of the country's usual share once `baselineSends` are known. After
   * `openFor` it lets `probes` through. It closes when `verified` of them are entered; otherwise it opens again for
   * twice as long.
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
  /** Daily budgets. From `soft` on a human check is required; the last `reserve` is for known users. */
  budget: { soft: 0.8, reserve: 0.1 },
} as const

/** The budget of one day, in messages and in the currency of the price table; null for no limit. */
export interface Budget {
  messages: number | null
  cost: number | null
}

/** Budgets by scope: an ISO country, `each` for every other country, `*` for the total. */
export type Budgets = Readonly<Record<string, Budget>>

type Rules = { [N in keyof typeof GUARD_RULES]: { [M in keyof (typeof GUARD_RULES)[N]]: number } }

/** The rules whose numbers are replaced. */
export type GuardRuleNumbers = Partial<Rules>

/** The guard's configuration: the active rules, the budgets, and values of the core. */
export interface GuardPolicy extends Partial<Rules> {
  budgets: Budgets
  /** The life of a code in seconds: younger sends may still convert. */
  codeTtl: number
  /** Waits between codes to one number that several users share, as in `Limits`. */
  cooldowns: readonly number[]
  /** True when this server has a human check. */
  humanCheck: boolean
}

/** The input of `policyFor`. */
export interface PolicySettings {
  budgets: Budgets
  codeTtl: number
  cooldowns: readonly number[]
  humanCheck: boolean
  /** True to apply the caps on numbers and addresses. */
  caps: boolean
  /** True to apply the rules that detect fraud. */
  fraud: boolean
  /** Rules whose numbers differ from the defaults. */
  numbers?: GuardRuleNumbers
}

/** Returns the policy for these settings. Manual blocks and budgets always apply. */
export const policyFor = ({ caps, fraud, numbers, ...rest }: PolicySettings): GuardPolicy => {
  const { user, number, address, network, prefix, consecutive, conversion, budget } = { ...GUARD_RULES, ...numbers }
  return {
    ...rest,
    budget,
    ...(caps && { user, number, address, network }),
    ...(fraud && { prefix, consecutive, conversion }),
  }
}
