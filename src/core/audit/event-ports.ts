/** The port of the events that operators subscribe to: they are stored with the decision and delivered afterwards. */

/** One event, as a delivery takes it. Its data holds no whole number, code, token or password. */
export interface ClaimedEvent {
  /** The same on every try, so that the receiver can tell a repetition. */
  eventId: string
  /** Such as `account.locked`. */
  type: string
  data: unknown
  createdAt: Date
  /** Tries so far, this one included. */
  attempts: number
}

/**
 * Where events wait. Each is delivered at least once: claimed first, marked after. Each method is one statement; throws
 * `service_unavailable` or `overloaded` when the store does not answer.
 */
export interface EventOutbox {
  /**
   * Takes up to `limit` events that are due, oldest first. Nobody gets one of them again until its next wait is over.
   * What has had all its tries is given up here, should nobody have said what became of the last one.
   */
  claim(limit: number): Promise<ClaimedEvent[]>
  /** The receiver has it: it is never claimed again. */
  delivered(eventId: string): Promise<void>
  /** Nobody will have it: it is never claimed again. */
  abandon(eventId: string): Promise<void>
}

/** The longest that one try may take, in seconds. */
export const LONGEST_TRY = 5

/**
 * Waits between the tries of one event, in seconds: the schedule that Standard Webhooks suggests. Each counts from the
 * moment the try before must have ended, and is made up to a tenth longer, so that tries spread. One try more than waits.
 */
export const RETRY_WAITS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const
