import type { Channel } from '../../src/core/delivery/ports.ts'

/** One message that a simulation asks the guard about, and what would become of its code. */
export interface SimulatedSend {
  at: Date
  userId: string
  /** E.164. */
  number: string
  /** ISO 3166-1; null for a number of no country. */
  country: string | null
  channel: Channel
  /** What counts as one client and as one site, as in `RequestContext`; null where nobody knows. */
  address: string | null
  network: string | null
  segments: number
  /** In the currency of the settings; null where no price is known. */
  price: number | null
  /** Whole seconds until its code is entered, at least 1; null for never. Without a message there is no code. */
  verifiedAfter: number | null
  /** That it does not arrive, and a receipt says so. */
  isLost?: boolean
  /** What it is counted as, such as `organic`. */
  kind: string
}

/** What the guard said to one message: `sent`, or the first word that kept it from going. */
export interface SimulatedVerdict {
  verdict: 'send' | 'wait' | 'blocked' | 'check'
  /** Which rule objected; null for none. */
  rule: string | null
  /** Whether a human check was asked for; whoever passes it is asked about once more. */
  checked: boolean
}
