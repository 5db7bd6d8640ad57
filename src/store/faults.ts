import { Problem } from '../errors.ts'
import { adviceFor } from './explain-fault.ts'

/** Seconds that a client is told to wait; spread, so that not all of them return at once. */
const retryAfter = (seconds: number) => seconds + Math.floor(Math.random() * (seconds + 1))

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** That two took the same name at the same moment: the second try finds it taken, and says so. */
const isNameRace = (error: unknown): boolean =>
  codeOf(error) === '23505' && (error as { constraint?: string }).constraint === 'users_username_key_key'

/** That a migration has changed what a prepared statement returns: a new connection prepares it anew. */
const isStalePlan = (error: unknown): boolean =>
  codeOf(error) === '0A000' && (error as { routine?: string }).routine === 'RevalidateCachedQuery'

/** Conflicts that a second try settles: serialization failure, deadlock, a stale plan, and a name that was free a moment ago. */
export const isRetryable = (error: unknown): boolean =>
  ['40001', '40P01'].includes(codeOf(error)) || isNameRace(error) || isStalePlan(error)

/**
 * SQLSTATE classes and codes of a database that is there but cannot serve: see PostgreSQL's appendix A. Class 42 but for
 * syntax errors, and 3F: our statements are fixed, so that a table, column, function or right is missing. 26000 and 42P05
 * come from a pooler in transaction mode. P0001 comes from a trigger of the operator's: no function of ours raises it.
 */
const UNAVAILABLE = /^(?:08|28|3D|3F|53|55|57|58|72|F0|XX)|^42(?!601)|^(?:25006|25P03|25P04|26000|40003|P0001)$/

/** Codes of sockets, of name servers, of TLS and of its certificates, as Node has them. */
const WIRE_FAULTS =
  /^E(?!RR_)[A-Z0-9_]+$|^ERR_(?:TLS|SSL|OSSL|SOCKET|STREAM)_|^(?:CERT|CRL|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|ERROR_IN)_|^(?:HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|SUBJECT_ISSUER_MISMATCH)$/

/** What `pg` says, without a code, when a socket ends, when a timer of its own fires, or when it cannot log in. */
const CLIENT_FAULTS =
  /^Connection terminated|^Client (?:has encountered a connection error|was closed)|^timeout e(?:xceeded when trying to connect|xpired)|^Query read timeout|^Cannot use a pool after calling end|^The server does not support SSL|^There was an error establishing an SSL connection|^SASL: |^Received unexpected \w+ message from backend|^Unknown authenticationOk message type/

/** Whether a connection that had worked broke under the statement: a new one may serve at once. */
export const isBrokenConnection = (error: unknown): boolean =>
  /^(?:57P01|57P02|ECONNRESET|EPIPE)$/.test(codeOf(error)) ||
  (error instanceof Error && error.message === 'Connection terminated unexpectedly')

/** Whether the connection broke, never was one, or does not answer. */
const isConnectionFault = (error: unknown): boolean =>
  WIRE_FAULTS.test(codeOf(error)) || (error instanceof Error && CLIENT_FAULTS.test(error.message))

/**
 * What a caller is told of a database error: `overloaded` when every connection was busy for too long,
 * `service_unavailable` when the database is away, refuses, is too slow or is not the one that we need. Anything else is a
 * fault of ours and stays what it is, for the renderer to hide.
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
