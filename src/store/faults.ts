import { Problem } from '../errors.ts'

/** Seconds that a client is told to wait; spread, so that not all of them return at once. */
const retryAfter = (seconds: number) => seconds + Math.floor(Math.random() * (seconds + 1))

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** That two took the same name at the same moment: the second try finds it taken, and says so. */
const isNameRace = (error: unknown): boolean =>
  codeOf(error) === '23505' && (error as { constraint?: string }).constraint === 'users_username_key_key'

/** Conflicts that a second try settles: serialization failure, deadlock, and a name that was free a moment ago. */
export const isRetryable = (error: unknown): boolean => ['40001', '40P01'].includes(codeOf(error)) || isNameRace(error)

/** SQLSTATE classes and codes of a database that is there but cannot serve: see PostgreSQL's appendix A. */
const UNAVAILABLE = /^(?:08|53|57|58|F0|XX)|^(?:25006|55P03|42P01|42703|28000|28P01|3D000)$/

const SOCKET_FAULTS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
])

/** What `pg` says, without a code, when a socket ends or a timer of its own fires. */
const CLIENT_FAULTS =
  /^Connection terminated|^Client has encountered a connection error|^timeout exceeded when trying to connect|^Query read timeout|^Cannot use a pool after calling end|^The server does not support SSL/

/** Whether a connection that had worked broke under the statement: a new one may serve at once. */
export const isBrokenConnection = (error: unknown): boolean =>
  /^(?:57P01|57P02|ECONNRESET|EPIPE)$/.test(codeOf(error)) ||
  (error instanceof Error && error.message === 'Connection terminated unexpectedly')

/** Whether the connection broke, never was one, or does not answer. */
const isConnectionFault = (error: unknown): boolean =>
  SOCKET_FAULTS.has(codeOf(error)) || (error instanceof Error && CLIENT_FAULTS.test(error.message))

/**
 * What a caller is told of a database error: `overloaded` when every connection was busy for too long,
 * `service_unavailable` when the database is away, refuses or is too slow. Anything else is a fault of ours and stays
 * what it is, for the renderer to hide.
 */
export const toProblem = (error: unknown, { poolIsFull }: { poolIsFull: boolean }): unknown => {
  if (poolIsFull && error instanceof Error && error.message.startsWith('timeout exceeded when trying to connect')) {
    return new Problem('overloaded', { retryAfter: retryAfter(1), cause: error })
  }
  if (isConnectionFault(error) || isRetryable(error) || UNAVAILABLE.test(codeOf(error))) {
    return new Problem('service_unavailable', { retryAfter: retryAfter(5), cause: error })
  }
  return error
}
