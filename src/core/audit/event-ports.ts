/** An event for operators. Its data contains no complete phone number, code, token or password. */
export interface DueEvent {
  /** Such as `account.locked`. */
  type: string
  data: unknown
  createdAt: Date
}

/**
 * Seconds between the attempts of one event, as Standard Webhooks suggests. Each wait starts at the latest end of the
 * previous attempt. A random addition of up to a tenth spreads the retries. There is one attempt more than waits.
 */
export const EVENT_WAITS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const
