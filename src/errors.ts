/**
 * The problem catalogue: every way in which this API says no, and the one error class that says it.
 *
 * A code is a promise to clients: it is never renamed, and its status never changes (RFC 9457 §3.1.1: the `type` made
 * of it is the problem's identity). Imports nothing, so that every floor may throw it.
 */

/** One entry a code: the HTTP status, a title that never varies, and what the caller should do about it. */
export const PROBLEMS = {
  validation_failed: {
    status: 400,
    title: 'The request is not valid',
    advice: 'Correct the members that `errors` lists. Nothing was done and nothing was counted.',
  },
  malformed_json: {
    status: 400,
    title: 'The body is not JSON',
    advice: 'Send one JSON object in UTF-8, without a `__proto__` or `constructor` member.',
  },
  invalid_credentials: {
    status: 401,
    title: 'The user name or the password is wrong',
    advice:
      'Ask the user for both again. The answer is the same for an unknown user, a wrong password and an account that may not log in.',
  },
  invalid_token: {
    status: 401,
    title: 'The token is not valid here',
    advice: 'Send the token this route asks for, unchanged, as it was issued. Start again at `POST /login`.',
  },
  invalid_code: {
    status: 401,
    title: 'The code is wrong',
    advice: 'Let the user type the code again; `attempts_left` says how often the challenge still allows that.',
  },
  challenge_invalid: {
    status: 401,
    title: 'The challenge is over',
    advice:
      'It has expired, was used, was replaced by a newer one or has no attempts left. Start again at `POST /login`.',
  },
  factor_disabled: {
    status: 403,
    title: 'The second factor is disabled',
    advice: 'Too many wrong codes in a row. An operator must reset the factor.',
  },
  forbidden: {
    status: 403,
    title: 'That is not allowed',
    advice:
      'With `human_check`: solve it and repeat the call with the solution as its member `human_check`. Else `detail` says what is missing: a fresh login with both factors (`step_up`), an invite, a scope; or a receipt was not signed by the company it names.',
  },
  not_found: {
    status: 404,
    title: 'There is nothing here',
    advice: 'See `/openapi.json` for the routes there are.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This route has no such method',
    advice: 'Use one of the methods in the `Allow` header.',
  },
  idempotency_in_progress: {
    status: 409,
    title: 'The first request with this Idempotency-Key is still running',
    advice: 'Repeat the call a second later, with the same key.',
  },
  username_taken: {
    status: 409,
    title: 'The user name is taken',
    advice: 'Choose another one; names that differ only in case or width are the same name.',
  },
  payload_too_large: {
    status: 413,
    title: 'The request is too large',
    advice: 'No request of this API needs more than 8 KiB.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body is not application/json',
    advice: 'Send `Content-Type: application/json`, in UTF-8 and without a `Content-Encoding`.',
  },
  destination_not_allowed: {
    status: 422,
    title: 'No code can be sent to this number',
    advice: 'The number lies in a country this service does not send to, or the delivery company refuses it for good.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The Idempotency-Key belongs to another request',
    advice: 'Make a new key for a new request.',
  },
  password_rejected: {
    status: 422,
    title: 'The password is not acceptable',
    advice: '`detail` gives the reason. Let the user choose another one.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    advice: 'Wait for `retry_after` seconds.',
  },
  resend_cooldown: {
    status: 429,
    title: 'A code was sent a moment ago',
    advice: 'Let the user enter that code, or wait for `retry_after` seconds. The code already sent stays valid.',
  },
  factor_locked: {
    status: 429,
    title: 'The second factor is locked for a while',
    advice: 'Too many wrong codes in a row. Wait for `retry_after` seconds.',
  },
  internal_error: {
    status: 500,
    title: 'Something went wrong on our side',
    advice: 'Report the `instance` to the operator, whose log has the cause under the same id.',
  },
  service_unavailable: {
    status: 503,
    title: 'The service is unavailable for the moment',
    advice: 'Repeat the call after `retry_after` seconds. A code whose fate is unknown counts as used.',
  },
  overloaded: {
    status: 503,
    title: 'The service is busy',
    advice: 'Repeat the call after `retry_after` seconds.',
  },
  sms_unavailable: {
    status: 503,
    title: 'No code could be sent',
    advice: 'No message left and nothing was used up. Repeat the call after `retry_after` seconds.',
  },
} as const satisfies Record<string, { status: number; title: string; advice: string }>

/** A stable, machine-readable problem code. */
export type ProblemCode = keyof typeof PROBLEMS

/** All codes, in the order of the catalogue. */
export const PROBLEM_CODES = Object.keys(PROBLEMS) as ProblemCode[]

/** What a problem may carry beyond its code. */
export interface ProblemDetails {
  /** One sentence about this occurrence, fit for the caller's eyes: never a secret, never an internal message. */
  detail?: string
  /** For `validation_failed`: JSON pointers into the request and what is wrong there. */
  errors?: { path: string; message: string }[]
  /** Guesses the challenge still allows. */
  attemptsLeft?: number
  /** Whole seconds until a repeated call can succeed; also sent as `Retry-After`. */
  retryAfter?: number
  /** Methods the route has, for `method_not_allowed`; sent as `Allow` (RFC 9110 §15.5.6). */
  allow?: string[]
  /** What to solve before the call is repeated; sent as `human_check`. */
  humanCheck?: Readonly<Record<string, string | number>>
  /** That a login with both factors is missing; said in `WWW-Authenticate` (RFC 9470 §3). */
  stepUp?: true
  /** For `/health/ready`: the parts that are missing. */
  missing?: string[]
  /** What really happened, for the log alone. */
  cause?: unknown
}

/** The one error that this project throws at a caller; everything else that reaches the renderer is a 500. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly status: number
  readonly details: ProblemDetails

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    super(PROBLEMS[code].title, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.status = PROBLEMS[code].status
    this.details = details
  }
}
