/**
 * The problem catalogue: every way in which this API says no, and the one error class that says it.
 *
 * A code is a promise to clients: it is never renamed, and its status never changes (RFC 9457 §3.1.1: the `type` made
 * of it is the problem's identity). Imports nothing, so that every floor may throw it.
 */

/** One entry a code: the HTTP status, and a title that never varies. `problem-texts.ts` has more to say about each. */
export const PROBLEMS = {
  validation_failed: { status: 400, title: 'The request is not valid' },
  malformed_json: { status: 400, title: 'The body is not JSON' },
  invalid_credentials: { status: 401, title: 'The user name or the password is wrong' },
  invalid_token: { status: 401, title: 'The token is not valid here' },
  invalid_code: { status: 401, title: 'The code is wrong' },
  challenge_invalid: { status: 401, title: 'The challenge is over' },
  factor_disabled: { status: 403, title: 'The second factor is disabled' },
  forbidden: { status: 403, title: 'That is not allowed' },
  not_found: { status: 404, title: 'There is nothing here' },
  method_not_allowed: { status: 405, title: 'This route has no such method' },
  idempotency_in_progress: { status: 409, title: 'The first request with this Idempotency-Key is still running' },
  username_taken: { status: 409, title: 'The user name is taken' },
  payload_too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'The body is not application/json' },
  destination_not_allowed: { status: 422, title: 'No code can be sent to this number' },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key belongs to another request' },
  password_rejected: { status: 422, title: 'The password is not acceptable' },
  rate_limited: { status: 429, title: 'Too many requests' },
  resend_cooldown: { status: 429, title: 'A code was sent a moment ago' },
  factor_locked: { status: 429, title: 'The second factor is locked for a while' },
  internal_error: { status: 500, title: 'Something went wrong on our side' },
  service_unavailable: { status: 503, title: 'The service is unavailable for the moment' },
  overloaded: { status: 503, title: 'The service is busy' },
  sms_unavailable: { status: 503, title: 'No code could be sent' },
} as const satisfies Record<string, { status: number; title: string }>

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
  /** What the caller must bring, for `forbidden`; `aal2` also stands in `WWW-Authenticate` (RFC 9470 §3). */
  required?: 'aal2' | 'invite'
  /** For `/health/ready`: the parts that are missing. */
  missing?: string[]
  /** What an operator can do about it, with the setting that decides it: for the log alone. */
  advice?: string
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
