/** The messages for users. The compiler requires a message for each problem code. */
import type { DataOf, Problem, ProblemCode } from 'doorcode/client'

const PROBLEMS: Record<ProblemCode, string> = {
  invalid_credentials: 'The user name or the password is wrong.',
  invalid_code: 'The code is wrong. Attempts left: {left}.',
  challenge_invalid: 'This code is no longer valid. Sign in again for a new one.',
  invalid_token: 'Your session has ended. Sign in again.',
  resend_cooldown: 'A code was sent a moment ago. You can request another one {when}.',
  rate_limited: 'Too many attempts. Try again {when}.',
  factor_locked: 'Too many wrong codes. Try again {when}.',
  factor_disabled: 'Too many wrong codes. Ask support to unlock your account.',
  destination_not_allowed: 'No code can be sent to your number. Ask support for help.',
  sms_unavailable: 'No code can be sent at the moment. Try again {when}.',
  overloaded: 'The service is busy. Try again {when}.',
  service_unavailable: 'The service is unavailable. Try again {when}.',
  unreachable: 'The service cannot be reached. Check your connection and try again.',
  idempotency_in_progress: 'This is still in progress. Try again {when}.',
  forbidden: 'That is not allowed.',
  username_taken: 'This user name is taken. Choose another one.',
  password_rejected: 'This password is too easy to guess. Choose another one.',
  validation_failed: 'This service cannot do that. Check what you have entered.',
  payload_too_large: 'That is too long.',
  not_found: 'This no longer exists.',
  internal_error: 'Something went wrong. Try again later.',
  malformed_json: 'Something went wrong. Reload this page.',
  unsupported_media_type: 'Something went wrong. Reload this page.',
  idempotency_key_reused: 'Something went wrong. Reload this page.',
}
const SENT = { sms: 'We sent a text message to', voice: 'We are calling', whatsapp: 'We sent a WhatsApp message to' }
const [LATE, HERE, LOST] = ['It may be late.', 'It has arrived.', 'It could not be delivered: request a new code.']
const APP = 'Enter the code that your authenticator shows.'
const FATE = { queued: '', sent: '', unknown: LATE, delivered: HERE, undelivered: LOST, failed: LOST }

/** Returns the message for a problem, with its numbers. */
export const wordsFor = (problem: { code: ProblemCode } & Partial<Problem>): string => {
  const { retry_after: wait = 1, attempts_left } = problem as { retry_after?: number; attempts_left?: number }
  const [count, unit] = wait < 90 ? ([wait, 'second'] as const) : ([Math.ceil(wait / 60), 'minute'] as const)
  const when = new Intl.RelativeTimeFormat('en').format(count, unit)
  // A later server may return other codes.
  const words = PROBLEMS[problem.code] ?? problem.title
  return words.replace('{when}', when).replace('{left}', String(attempts_left))
}

/** Returns the destination of the code, with the last two digits of the number, and its delivery status. */
export const deliveryWords = (sent: DataOf<'getChallenge'>['delivery']): string =>
  !sent ? APP : `${SENT[sent.channel]} your number ending in ${sent.destination.slice(-2)}. ${FATE[sent.status]}`
