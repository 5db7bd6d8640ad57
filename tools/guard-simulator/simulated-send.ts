import type { Channel } from '../../src/core/delivery/ports.ts'

/** A message that a simulation submits to the guard, and the result of its code if it is sent. */
export interface SimulatedSend {
  at: Date
  userId: string
  /** The number in E.164. */
  number: string
  /** The ISO 3166-1 code; null for a number without a country. */
  country: string | null
  channel: Channel
  /** The address and the network of the client, as in `RequestContext`; null if unknown. */
  address: string | null
  network: string | null
  segments: number
  /** In the currency of the settings; null if unknown. */
  price: number | null
  /** Whole seconds until the code is entered, at least 1; null for never. Ignored if the message is not sent. */
  verifiedAfter: number | null
  /** True if the message does not arrive, and a receipt reports that. */
  isLost?: boolean
  /** The kind under which it is counted, such as `organic`. */
  kind: string
}

/** The guard's verdict on a message: `send`, or the first reason against it. */
export interface SimulatedVerdict {
  verdict: 'send' | 'wait' | 'blocked' | 'check'
  /** The rule that objected; null for none. */
  rule: string | null
  /** True if the guard required a human check. After a passed check the message is submitted again. */
  checked: boolean
}
