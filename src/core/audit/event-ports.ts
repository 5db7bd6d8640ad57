/** An event that operators subscribe to. Its data holds no whole number, code, token or password. */
export interface DueEvent {
  /** Such as `account.locked`. */
  type: string
  data: unknown
  createdAt: Date
}

/**
 * Waits between the tries of one event, in seconds: the schedule that Standard Webhooks suggests. Each counts from the
 * moment the try before must have ended, and is made up to a tenth longer, so that tries spread. One try more than waits.
 */
export const EVENT_WAITS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const
