import pg from 'pg'
import t from 'tap'
import { Problem, type ProblemCode } from '../../src/errors.ts'
import { isBrokenConnection, isRetryable, toProblem } from '../../src/store/faults.ts'

/** Creates an error as `pg` or a socket throws it. */
const withCode = (code: string, message = 'message') => Object.assign(new Error(message), { code })

const databaseError = (code: string) => Object.assign(new pg.DatabaseError('message', 7, 'error'), { code })

/** Returns the problem code for a caller, or `undefined` if the error is unchanged. */
const codeFor = (error: unknown, poolIsFull = false): ProblemCode | undefined => {
  const problem = toProblem(error, { poolIsFull })
  if (problem === error) return undefined
  if (problem instanceof Problem) return problem.code
  throw new Error('neither a problem nor the error itself')
}

t.test('maps Postgres error codes of outages and limits to "service_unavailable"', async (t) => {
  const codes = {
    'connection exceptions': ['08000', '08001', '08003', '08004', '08006', '08P01'],
    'a trigger of the operator': ['P0001'],
    'insufficient resources': ['53000', '53100', '53200', '53300', '53400'],
    'operator intervention': ['57000', '57014', '57P01', '57P02', '57P03', '57P04', '57P05'],
    'system faults': ['58000', '58030', '58P01', 'F0000', 'XX000', 'XX001', 'XX002'],
    'a replica': ['25006'],
    'limits of a transaction': ['25P03', '25P04'],
    'a lock that took too long, and other objects in use': ['55P03', '55006', '55000'],
    'persistent conflicts': ['40001', '40P01', '40003'],
    'a schema of another version': ['42P01', '42703', '42883', '42704', '42P10', '42804', '3F000'],
    'a missing privilege': ['42501'],
    'a pooler in transaction mode': ['26000', '42P05'],
    'credentials and names': ['28000', '28P01', '3D000'],
  }
  for (const [what, list] of Object.entries(codes)) {
    for (const code of list) t.equal(codeFor(databaseError(code)), 'service_unavailable', `${what}: ${code}`)
  }
})

t.test('maps socket errors to "service_unavailable"', async (t) => {
  const sockets = [
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENOTFOUND',
    'EAI_AGAIN',
    'ENOENT',
    'EACCES',
    'EMFILE',
    'EADDRNOTAVAIL',
    'ECONNABORTED',
    'EAI_FAIL',
    'EPROTO',
    'ERR_STREAM_PREMATURE_CLOSE',
    'ERR_SOCKET_CLOSED',
  ]
  for (const code of sockets) t.equal(codeFor(withCode(code)), 'service_unavailable', code)
  const both = Object.assign(new AggregateError([withCode('ECONNREFUSED'), withCode('ECONNREFUSED')]), {
    code: 'ECONNREFUSED',
  })
  t.equal(codeFor(both), 'service_unavailable', 'both addresses of a name')
})

t.test('maps TLS errors to "service_unavailable"', async (t) => {
  for (const code of [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'CERT_HAS_EXPIRED',
    'CERT_NOT_YET_VALID',
    'CERT_REVOKED',
    'CRL_HAS_EXPIRED',
    'ERROR_IN_CERT_NOT_AFTER_FIELD',
    'HOSTNAME_MISMATCH',
    'INVALID_CA',
    'PATH_LENGTH_EXCEEDED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'ERR_OSSL_PEM_NO_START_LINE',
  ])
    t.equal(codeFor(withCode(code)), 'service_unavailable', code)
})

t.test('maps messages of pg without a code to "service_unavailable"', async (t) => {
  for (const message of [
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Connection terminated',
    'Client has encountered a connection error and is not queryable',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Cannot use a pool after calling end on the pool',
    'Client was closed and is not queryable',
    'timeout expired',
    'The server does not support SSL connections',
    'There was an error establishing an SSL connection',
    'SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string',
    'Received unexpected rowDescription message from backend.',
  ]) {
    t.equal(codeFor(new Error(message)), 'service_unavailable', message)
  }
})

t.test('maps a pool timeout to "overloaded" only if all connections are busy', async (t) => {
  const error = new Error('timeout exceeded when trying to connect')
  t.equal(codeFor(error, true), 'overloaded')
  t.equal(codeFor(error, false), 'service_unavailable')
  t.equal(
    codeFor(withCode('ECONNREFUSED'), true),
    'service_unavailable',
    'other errors stay unavailable with a full pool',
  )
})

t.test('leaves programming errors unchanged, for the error renderer to hide', async (t) => {
  const ours = ['23505', '23503', '23502', '23514', '22P02', '22001', '42601', '25P02', '0A000', '21000']
  for (const code of ours) t.equal(codeFor(databaseError(code)), undefined, code)
  t.equal(codeFor(new TypeError('undefined is not a function')), undefined)
  t.equal(codeFor(withCode('ERR_INVALID_ARG_TYPE')), undefined)
  t.equal(codeFor(new Error('the message mentions ECONNREFUSED and Connection terminated')), undefined)
  for (const thrown of ['08006', undefined, null, { code: '08006' }])
    t.equal(codeFor(thrown), undefined, String(thrown))
})

t.test('does not wrap a problem again', async (t) => {
  t.equal(codeFor(new Problem('overloaded', { retryAfter: 1 })), undefined)
})

t.test('each problem has a random Retry-After and keeps its cause for the log', async (t) => {
  const cause = databaseError('57P01')
  const waits = new Set<number>()
  for (let n = 0; n < 200; n += 1) {
    const problem = toProblem(cause, { poolIsFull: false }) as Problem
    t.equal(problem.cause, cause)
    waits.add(problem.details.retryAfter!)
  }
  t.ok([...waits].every((wait) => Number.isInteger(wait) && wait >= 5 && wait <= 10))
  t.ok(waits.size > 1)
  const busy = toProblem(new Error('timeout exceeded when trying to connect'), { poolIsFull: true }) as Problem
  t.ok([1, 2].includes(busy.details.retryAfter!))
})

t.test('retries only serialization failures, deadlocks and stale cached plans', async (t) => {
  for (const code of ['40001', '40P01']) t.equal(isRetryable(databaseError(code)), true, code)
  for (const code of ['40002', '40003', '23505', '57014', '08006', ''])
    t.equal(isRetryable(databaseError(code)), false, code)
  t.equal(isRetryable({ code: '40001' }), false)
  const stale = Object.assign(databaseError('0A000'), { routine: 'RevalidateCachedQuery' })
  t.equal(isRetryable(stale), true, 'a migration changed the result of a prepared statement')
  t.equal(isRetryable(databaseError('0A000')), false)
})

t.test('distinguishes a connection lost during a statement from one never opened', async (t) => {
  for (const code of ['57P01', '57P02', 'ECONNRESET', 'EPIPE']) t.equal(isBrokenConnection(withCode(code)), true, code)
  t.equal(isBrokenConnection(new Error('Connection terminated unexpectedly')), true)
  for (const code of ['57P03', '57014', 'ECONNREFUSED', 'ETIMEDOUT', '53300'])
    t.equal(isBrokenConnection(withCode(code)), false, code)
  t.equal(isBrokenConnection(new Error('Query read timeout')), false, 'the statement may still run')
})

t.test('the advice in the log explains each fault and names a setting or command', async (t) => {
  const cases: [unknown, RegExp][] = [
    [databaseError('53300'), /no free connection.*DATABASE_POOL_SIZE/],
    [databaseError('53100'), /lacks disk space or memory/],
    [databaseError('57P03'), /is starting or stopping/],
    [databaseError('57014'), /slow, or a row is locked/],
    [databaseError('25006'), /read-only.*DATABASE_URL/],
    [databaseError('42501'), /lacks a right.*doctor/],
    [databaseError('42P01'), /does not match this version.*migrate/],
    [databaseError('26000'), /DATABASE_URL is a connection pooler/],
    [databaseError('28P01'), /name or the password in DATABASE_URL/],
    [withCode('28000', 'no pg_hba.conf entry for host "x", no encryption'), /requires TLS.*sslmode=verify-full/],
    [withCode('CERT_REVOKED'), /TLS .* at DATABASE_URL fails.*sslmode/],
    [withCode('ECONNREFUSED'), /no server answers at DATABASE_URL/],
    [new Error('Query read timeout'), /no server answers at DATABASE_URL/],
    [new Error('The server does not support SSL connections'), /requires TLS.*sslmode/],
  ]
  for (const [error, said] of cases) {
    const { advice } = (toProblem(error, { poolIsFull: false }) as Problem).details
    t.match(advice, said)
    t.match(advice, /DATABASE_|doctor|migrate/, 'a setting or a command')
  }
})
