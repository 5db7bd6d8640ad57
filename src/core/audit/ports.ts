/** The port of the audit trail, which keeps the journal's decisions for later inquiries. */

/** A recorded decision. Never contains a code, a password, a token or a complete phone number. */
export interface AuditEntry {
  /** The journal's event name. */
  event: string
  /** Null for an unknown user name, and for decisions that concern no user. */
  userId: string | null
  /** The client's address, as in `RequestContext`. */
  address: string
  requestId: string
  facts: Record<string, string | number | boolean | null>
  /** The time of the decision, by this instance's clock. */
  at: Date
}

/** Keeps decisions in their order. Entries are never changed or removed. */
export interface AuditTrail {
  /** Records one decision. Never throws, and returns at once: entries are written later, in batches. */
  record(entry: AuditEntry): void
  /** Resolves when every recorded entry is written, or was dropped after one retry. Never rejects. */
  drain(): Promise<void>
}
