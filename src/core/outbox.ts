import type { RequestContext } from './terms.ts'

/**
 * The port of the transactional outboxes. A statement stores an item together with the change that caused it, so that
 * neither a lost response nor a restart loses the item. One of the instances delivers it afterwards.
 */

/** The members that an outbox adds to each claimed item. */
export interface Claimed {
  /** The same on every attempt. */
  id: string
  /** Attempts so far, including this one. */
  attempts: number
  /** True on the last attempt. */
  isLast: boolean
}

/**
 * Items that wait for delivery. Each is delivered at least once: claimed before, marked after. Each method is one
 * statement. Throws `service_unavailable` or `overloaded` when the database does not answer.
 */
export interface Outbox<T> {
  /**
   * Claims up to `limit` due items. No instance gets them again until their next wait is over. Gives up items whose
   * last attempt ended without a mark.
   */
  claim(limit: number): Promise<(T & Claimed)[]>
  /** Marks an item as delivered: it is never claimed again. */
  done(id: string): Promise<void>
  /** Marks an item as undeliverable: it is never claimed again, unless it was delivered after all. */
  giveUp(id: string): Promise<void>
}

/** The result of one attempt. A refused item is not retried. */
export interface Delivery {
  outcome: 'accepted' | 'refused' | 'failed'
  reason?: string | undefined
}

/** The state of an item after an attempt: delivered, given up, or waiting for the next attempt. */
export type Ending = 'delivered' | 'abandoned' | 'waiting'

/** Delivers the items of one outbox. */
export interface OutboxHandler<T, D extends Delivery = Delivery> {
  /** The name of the items in the log: `event`. */
  name: string
  outbox: Outbox<T>
  /**
   * Delivers an item within `LONGEST_TRY`. A rejection is a failed attempt. `context` is the request that caused it, if
   * any.
   */
  deliver(item: T & Claimed, context: RequestContext | undefined): Promise<D>
  /** Logs the result of an attempt after the outbox has recorded it. */
  report(item: T & Claimed, ending: Ending, delivery: D | Delivery, context: RequestContext | undefined): void
}

/** Longest duration of one attempt, in seconds. */
export const LONGEST_TRY = 5
