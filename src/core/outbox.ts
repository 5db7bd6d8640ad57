import type { RequestContext } from './terms.ts'

/**
 * The port of deferred deliveries: a statement writes one down together with what caused it, so that neither a lost answer
 * nor a stop loses it, and one of the instances delivers it afterwards.
 */

/** What an outbox adds to each item that it hands out. */
export interface Claimed {
  /** The same on every try. */
  id: string
  /** Tries so far, this one included. */
  attempts: number
  /** Whether this is the last try. */
  isLast: boolean
}

/**
 * Items that wait for their delivery. Each is delivered at least once: claimed first, marked after. Each method is one
 * statement; throws `service_unavailable` or `overloaded` when the store does not answer.
 */
export interface Outbox<T> {
  /**
   * Takes up to `limit` items that are due. No instance gets one of them again until its next wait is over. Gives up the
   * items whose last try ended without a mark.
   */
  claim(limit: number): Promise<(T & Claimed)[]>
  /** Marks an item as delivered: it is never claimed again. */
  done(id: string): Promise<void>
  /** Marks an item as undeliverable: it is never claimed again, unless it was delivered after all. */
  giveUp(id: string): Promise<void>
}

/** The result of one try. What is refused is not tried again. */
export interface Delivery {
  outcome: 'accepted' | 'refused' | 'failed'
  reason?: string | undefined
}

/** What follows from a try: the item is delivered, is given up, or waits for its next try. */
export type Ending = 'delivered' | 'abandoned' | 'waiting'

/** Delivers the items of one outbox. */
export interface OutboxHandler<T, D extends Delivery = Delivery> {
  /** Names the items in the log: `event`. */
  name: string
  outbox: Outbox<T>
  /** Delivers an item within `LONGEST_TRY`. A rejection is a failed try. `context` is the request that caused it, if one did. */
  deliver(item: T & Claimed, context: RequestContext | undefined): Promise<D>
  /** Logs what became of a try, once the outbox has it. */
  report(item: T & Claimed, ending: Ending, delivery: D | Delivery, context: RequestContext | undefined): void
}

/** The longest that one try may take, in seconds. */
export const LONGEST_TRY = 5
