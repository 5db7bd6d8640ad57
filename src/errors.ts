/**
 * The problem catalogue: every way in which this API says no, and the one error class that says it.
 *
 * A code is a promise to clients: it is never renamed, and its status never changes (RFC 9457 §3.1.1: the `type` made
 * of it is the problem's identity). Imports only the types of its members, so that every floor may throw it.
 */
import type { CodeAlwaysWith, CodeWith, MemberValues, ProblemMember } from './problem-members.ts'

interface Kind {
  status: number
  title: string
}

/** One entry a code: the HTTP status, and a title that never varies. `routes/problems/texts.ts` has more to say about each. */
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
} as const satisfies Record<string, Kind> & Record<CodeWith<ProblemMember>, Kind>

/** A stable, machine-readable problem code. */
export type ProblemCode = keyof typeof PROBLEMS

/** All codes, in the order of the catalogue. */
export const PROBLEM_CODES = Object.keys(PROBLEMS) as ProblemCode[]

/** Details of a problem that are not members of its response. */
interface Unsent {
  /** Methods that the route has, for `method_not_allowed`; sent as the header `Allow` (RFC 9110 §15.5.6). */
  allow?: string[]
  /** What an operator can do about it, with the setting that decides it: for the log alone. */
  advice?: string
  /** What really happened, for the log alone. */
  cause?: unknown
}

/** The details of a problem with any code. `detail` never contains a secret or an internal message. */
export type ProblemDetails = Partial<MemberValues> & Unsent

/** The members that a problem of each of these codes may have. */
type Declared<C extends ProblemCode> = { [M in ProblemMember]: [C] extends [CodeWith<M>] ? M : never }[ProblemMember]

/** The members that a problem of one of these codes must have. */
type Demanded<C extends ProblemCode> = {
  [M in ProblemMember]: [C & CodeAlwaysWith<M>] extends [never] ? never : M
}[ProblemMember]

/** The details of a problem with one of these codes: the members that all of them declare, and no others. */
export type DetailsOf<C extends ProblemCode> = Pick<MemberValues, Demanded<C>> &
  Partial<Pick<MemberValues, Declared<C>>> & { [M in Exclude<ProblemMember, Declared<C>>]?: never } & Unsent

/** The one error that this project throws at a caller; everything else that reaches the renderer is a 500. */
export class Problem<C extends ProblemCode = ProblemCode> extends Error {
  override readonly name = 'Problem'
  readonly code: ProblemCode
  readonly status: number
  readonly details: ProblemDetails

  constructor(code: C, ...[given]: [Demanded<C>] extends [never] ? [details?: DetailsOf<C>] : [details: DetailsOf<C>]) {
    const details: ProblemDetails = given ?? {}
    super(PROBLEMS[code].title, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.status = PROBLEMS[code].status
    this.details = details
  }
}

/** Returns a problem with another `retryAfter`, in whole seconds; a problem without one is returned unchanged. */
export const withRetryAfter = (problem: Problem, retryAfter: number): Problem => {
  if (problem.details.retryAfter === undefined) return problem
  type Waiting = CodeAlwaysWith<'retryAfter'>
  return new Problem(problem.code as Waiting, { ...problem.details, retryAfter } as DetailsOf<Waiting>)
}
