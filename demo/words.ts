/** What a user reads. The compiler asks for a line here for each code there is. */
import type { DataOf, Problem, ProblemCode } from 'doorcode/client'

const PROBLEMS: Record<ProblemCode, string> = {
  invalid_credentials: 'The user name or the password is wrong.',
  invalid_code: 'That is not the code. Tries left: {left}.',
  challenge_invalid: 'This code is no longer valid. Sign in again for a new one.',
  invalid_token: 'Your session has ended. Sign in again.',
  resend_cooldown: 'A code was sent a moment ago. You can ask for another one {when}.',
  rate_limited: 'That was tried too often. Try again {when}.',
  factor_locked: 'There were too many wrong codes. Try again {when}.',
  factor_disabled: 'There were too many wrong codes. Ask support to unlock your account.',
  destination_not_allowed: 'No code can be sent to your number. Ask support for help.',
  sms_unavailable: 'No code can be sent at the moment. Try again {when}.',
  overloaded: 'The service is busy. Try again {when}.',
  service_unavailable: 'The service is unavailable. Try again {when}.',
  unreachable: 'The service cannot be reached. Check your connection and try again.',
  idempotency_in_progress: 'This is still being worked on. Try again {when}.',
  forbidden: 'That is not allowed.',
  username_taken: 'This user name is taken. Choose another one.',
  password_rejected: 'This password is too easy to guess. Choose another one.',
  validation_failed: 'This service cannot do that. Check what you have entered.',
  payload_too_large: 'That is too long.',
  not_found: 'That is not there any more.',
  internal_error: 'Something went wrong. Try again later.',
  malformed_json: 'Something went wrong. Reload this page.',
  unsupported_media_type: 'Something went wrong. Reload this page.',
  idempotency_key_reused: 'Something went wrong. Reload this page.',
}
const SENT = { sms: 'We sent a text message to', voice: 'We are calling', whatsapp: 'We sent a WhatsApp message to' }
const [LATE, HERE, LOST] = ['It may be late.', 'It has arrived.', 'It could not be delivered: ask for a new code.']
const APP = 'Enter the code that your authenticator shows.'
const FATE = { queued: '', sent: '', unknown: LATE, delivered: HERE, undelivered: LOST, failed: LOST }

/** The words for one problem, with its numbers in them. */
export const wordsFor = (problem: { code: ProblemCode } & Partial<Problem>): string => {
  const { retry_after: wait = 1, attempts_left } = problem as { retry_after?: number; attempts_left?: number }
  const [count, unit] = wait < 90 ? ([wait, 'second'] as const) : ([Math.ceil(wait / 60), 'minute'] as const)
  const when = new Intl.RelativeTimeFormat('en').format(count, unit)
  // A later server may know more codes than these.
  const words = PROBLEMS[problem.code] ?? problem.title
  return words.replace('{when}', when).replace('{left}', String(attempts_left))
}

/** Where the code went, as much of the number as may be said, and how far it has come. */
export const deliveryWords = (sent: DataOf<'getChallenge'>['delivery']): string =>
  !sent ? APP : `${SENT[sent.channel]} your number ending in ${sent.destination.slice(-2)}. ${FATE[sent.status]}`
