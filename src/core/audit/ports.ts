/** The port of the audit trail: where the journal's decisions are kept for the questions that come later. */

/** One decision, as it is kept. Never holds a code, a password, a token or a whole number. */
export interface AuditEntry {
  /** As the journal calls it. */
  event: string
  /** Null where the name is nobody's, or the decision is about no user. */
  userId: string | null
  /** Where the request came from, as in `RequestContext`. */
  address: string
  requestId: string
  facts: Record<string, string | number | boolean | null>
  /** When it was decided, by this instance's clock. */
  at: Date
}

/** Keeps decisions, in the order in which they were made. Nothing changes or takes back what was kept. */
export interface AuditTrail {
  /** Keeps one decision. Never throws, and returns at once: it is written later, with others. */
  record(entry: AuditEntry): void
  /** Resolves when all that was recorded is written, or given up after one more try. Never rejects. */
  drain(): Promise<void>
}
