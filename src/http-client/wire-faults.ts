import type { SendResult } from '../core/delivery/ports.ts'

/** Errors that occur before a request can have reached a host. */
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'EPROTO',
  'UND_ERR_PRX_CONN',
  'UND_ERR_PRX_TLS',
])

/** System calls that happen before the first byte of a request. */
const BEFORE_REQUEST = /^(?:connect|bind|getaddrinfo|query[A-Z]\w*)$/

/** Node's message for a connection that ended during its handshake. The error code does not distinguish this case. */
const IN_HANDSHAKE = /before secure TLS connection was established/

/** The message of undici when a proxy refuses a tunnel, with the status. */
const NO_TUNNEL = /^Proxy response \((\d{3})\)|^Proxy Authentication Required \((407)\)/

/** Errors without a code that `fetch` finds before it connects, by their messages. */
const REFUSED_BY_FETCH = new Map([
  ['bad port', 'a port that fetch blocks'],
  ['unknown scheme', 'not an HTTP address'],
])

interface Fault {
  reason: string
  isSent: boolean
}

const faultOf = (error: unknown): Fault => {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    if (cause instanceof AggregateError) return faultOf(cause.errors[0])
    const [, refusal, unauthenticated] = NO_TUNNEL.exec(cause.message) ?? []
    const status = refusal ?? unauthenticated
    if (status !== undefined) return { reason: `HTTP ${status} of the proxy`, isSent: false }
    if ('code' in cause && typeof cause.code === 'string') {
      const isBefore =
        ('syscall' in cause && BEFORE_REQUEST.test(String(cause.syscall))) || IN_HANDSHAKE.test(cause.message)
      return { reason: cause.code, isSent: !(isBefore || NEVER_CONNECTED.has(cause.code)) }
    }
    if (cause.name === 'AbortError' || cause.name === 'TimeoutError') return { reason: cause.name, isSent: true }
    const refused = REFUSED_BY_FETCH.get(cause.message)
    if (refused !== undefined) return { reason: refused, isSent: false }
  }
  return { reason: 'network error', isSent: true }
}

/** Interprets a network error: `failed` when nothing can have been sent, otherwise `unknown`. */
export const interpretFault = (error: unknown): SendResult => {
  const { reason, isSent } = faultOf(error)
  return { outcome: isSent ? 'unknown' : 'failed', reason }
}
