import { Problem } from '../errors.ts'
import { adviceFor } from './explain-fault.ts'

/** Returns seconds for Retry-After, with jitter, so that not all clients return at once. */
const retryAfter = (seconds: number) => seconds + Math.floor(Math.random() * (seconds + 1))

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** Returns true when two requests took the same name at once. The retry finds the name taken, and reports that. */
const isNameRace = (error: unknown): boolean =>
  codeOf(error) === '23505' && (error as { constraint?: string }).constraint === 'users_username_key_key'

/** Returns true when a migration has changed the columns of a prepared statement. A new connection prepares it again. */
const isStalePlan = (error: unknown): boolean =>
  codeOf(error) === '0A000' && (error as { routine?: string }).routine === 'RevalidateCachedQuery'

/**
 * Returns true for a conflict that a retry resolves: a serialization failure, a deadlock, a stale plan, or a race for a
 * name.
 */
export const isRetryable = (error: unknown): boolean =>
  ['40001', '40P01'].includes(codeOf(error)) || isNameRace(error) || isStalePlan(error)

/**
 * SQLSTATE classes and codes of a database that answers but cannot serve, see PostgreSQL's appendix A. Class 42 without
 * syntax errors, and 3F: the statements here are fixed, so a table, column, function or right is missing. 26000 and
 * 42P05 come from a pooler in transaction mode. P0001 comes from an operator's trigger, because no function here raises it.
 */
const UNAVAILABLE = /^(?:08|28|3D|3F|53|55|57|58|72|F0|XX)|^42(?!601)|^(?:25006|25P03|25P04|26000|40003|P0001)$/

/** Error codes of Node for sockets, DNS, TLS and certificates. */
const WIRE_FAULTS =
  /^E(?!RR_)[A-Z0-9_]+$|^ERR_(?:TLS|SSL|OSSL|SOCKET|STREAM)_|^(?:CERT|CRL|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|ERROR_IN)_|^(?:HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|SUBJECT_ISSUER_MISMATCH)$/

/** Messages of `pg` without a code: a socket ended, a timer of `pg` fired, or the login failed. */
const CLIENT_FAULTS =
  /^Connection terminated|^Client (?:has encountered a connection error|was closed)|^timeout e(?:xceeded when trying to connect|xpired)|^Query read timeout|^Cannot use a pool after calling end|^The server does not support SSL|^There was an error establishing an SSL connection|^SASL: |^Received unexpected \w+ message from backend|^Unknown authenticationOk message type/

/** Returns true when a working connection broke during the statement; a new one may work at once. */
export const isBrokenConnection = (error: unknown): boolean =>
  /^(?:57P01|57P02|ECONNRESET|EPIPE)$/.test(codeOf(error)) ||
  (error instanceof Error && error.message === 'Connection terminated unexpectedly')

/** Returns true when the connection broke, could not be opened, or does not answer. */
const isConnectionFault = (error: unknown): boolean =>
  WIRE_FAULTS.test(codeOf(error)) || (error instanceof Error && CLIENT_FAULTS.test(error.message))

/**
 * Turns a database error into a problem. It is `overloaded` when every connection was busy for too long. It is
 * `service_unavailable` when the database is unreachable, refuses, is too slow or has another schema. Returns any other error as it is: it is a
 * bug of Doorcode, and the error handler hides it from the caller.
 */
export const toProblem = (error: unknown, { poolIsFull }: { poolIsFull: boolean }): unknown => {
  if (poolIsFull && error instanceof Error && error.message.startsWith('timeout exceeded when trying to connect')) {
    return new Problem('overloaded', { retryAfter: retryAfter(1), cause: error })
  }
  if (isConnectionFault(error) || isRetryable(error) || UNAVAILABLE.test(codeOf(error))) {
    return new Problem('service_unavailable', { retryAfter: retryAfter(5), cause: error, advice: adviceFor(error) })
  }
  return error
}
