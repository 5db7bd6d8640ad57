/**
 * The problem catalog: every error response of this API, and the one error class that carries it.
 *
 * A code is a contract with clients: it is never renamed and its status never changes. The `type` of a problem is built
 * from the code and identifies the problem (RFC 9457 §3.1.1). This file imports only the types of the problem members,
 * so that every layer may throw a problem.
 */
import type { CodeAlwaysWith, CodeWith, MemberValues, ProblemMember } from './problem-members.ts'

interface Kind {
  status: number
  title: string
}

/** The HTTP status and the constant title of each code. The longer texts are in `routes/problems/texts.ts`. */
export const PROBLEMS = {
  validation_failed: { status: 400, title: 'The request is not valid' },
  malformed_json: { status: 400, title: 'The body is not valid JSON' },
  invalid_credentials: { status: 401, title: 'The user name or the password is wrong' },
  invalid_token: { status: 401, title: 'The token is not valid' },
  invalid_code: { status: 401, title: 'The code is wrong' },
  challenge_invalid: { status: 401, title: 'The challenge is no longer valid' },
  factor_disabled: { status: 403, title: 'The second factor is disabled' },
  forbidden: { status: 403, title: 'The request is not allowed' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  idempotency_in_progress: { status: 409, title: 'The first request with this Idempotency-Key is still running' },
  username_taken: { status: 409, title: 'The user name is taken' },
  payload_too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'The body is not application/json' },
  destination_not_allowed: { status: 422, title: 'No code can be sent to this number' },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key was used for another request' },
  password_rejected: { status: 422, title: 'The password is not acceptable' },
  rate_limited: { status: 429, title: 'Too many requests' },
  resend_cooldown: { status: 429, title: 'A code was sent a moment ago' },
  factor_locked: { status: 429, title: 'The second factor is temporarily locked' },
  internal_error: { status: 500, title: 'Internal error' },
  service_unavailable: { status: 503, title: 'The service is temporarily unavailable' },
  overloaded: { status: 503, title: 'The service is busy' },
  sms_unavailable: { status: 503, title: 'No code could be sent' },
} as const satisfies Record<string, Kind> & Record<CodeWith<ProblemMember>, Kind>

/** A stable, machine-readable problem code. */
export type ProblemCode = keyof typeof PROBLEMS

/** All codes, in the order of the catalog. */
export const PROBLEM_CODES = Object.keys(PROBLEMS) as ProblemCode[]

/** Details of a problem that are not members of its response. */
interface Unsent {
  /** The methods of the route, for `method_not_allowed`. Sent in the header `Allow` (RFC 9110 §15.5.6). */
  allow?: string[]
  /** Advice for the operator, with the name of the setting to change. Logged, never sent. */
  advice?: string
  /** The original error. Logged, never sent. */
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

/** The only error class whose content is sent to callers. Every other error becomes a 500. */
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
