import type { RequestContext } from '../terms.ts'
import type { AuditTrail } from './ports.ts'

/** Records a decision. The facts never contain a code, a password, a token or a complete phone number. */
export type Journal = (
  event:
    | 'login_ok'
    | 'login_failed'
    | 'login_throttled'
    | 'send_refused'
    | 'request_repeated'
    | 'human_check_unavailable'
    | 'code_sent'
    | 'code_not_sent'
    | 'delivery_not_recorded'
    | 'receipt_taken'
    | 'receipt_refused'
    | 'code_ok'
    | 'code_wrong'
    | 'code_refused'
    | 'resend_refused'
    | 'session_refreshed'
    | 'session_reused'
    | 'refresh_refused'
    | 'session_ended'
    | 'sessions_ended'
    | 'device_used'
    | 'device_reused'
    | 'device_forgotten'
    | 'devices_forgotten'
    | 'registration_begun'
    | 'registration_refused'
    | 'registered'
    | 'password_changed'
    | 'password_refused'
    | 'phone_change_begun'
    | 'phone_changed'
    | 'notice_sent'
    | 'notice_not_sent'
    | 'admin_call'
    | 'admin_refused',
  context: RequestContext,
  facts: Record<string, string | number | boolean | null | undefined>,
) => void

/**
 * Makes the one function that records decisions. It writes the log line and the audit entry from the same facts, so
 * that no factor or route can write one without the other.
 */
export const createJournal =
  ({
    audit,
    log,
    now,
  }: {
    audit: AuditTrail
    log: (line: Record<string, unknown>, event: string) => void
    /** Milliseconds since 1970. */
    now: () => number
  }): Journal =>
  (event, { requestId, address }, facts) => {
    log({ event, request_id: requestId, address, ...facts }, event)
    const { user_id: userId, ...others } = facts
    audit.record({
      event,
      userId: typeof userId === 'string' ? userId : null,
      address,
      requestId,
      facts: Object.fromEntries(
        Object.entries(others).filter(
          (fact): fact is [string, string | number | boolean | null] => fact[1] !== undefined,
        ),
      ),
      at: new Date(now()),
    })
  }
