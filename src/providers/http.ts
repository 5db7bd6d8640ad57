import { Agent, fetch, type Response } from 'undici'
import type { SendResult } from '../core/ports.ts'

/** A company's answer, as far as it was read. */
export interface HttpAnswer {
  status: number
  /** The JSON body; undefined when it is not JSON or longer than 64 KiB. */
  json: unknown
  /** Seconds, from `Retry-After`. */
  retryAfter: number | undefined
}

/** A host that takes no connection must leave time for the next company, in ms. */
const agent = new Agent({ connect: { timeout: 1_500 } })

const LONGEST_ANSWER = 64 * 1024

/** Faults that strike before a request can have reached anyone. */
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
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'EPROTO',
])

const faultOf = (error: unknown): string => {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code
    if (cause instanceof AggregateError) return faultOf(cause.errors[0])
    if (cause.name === 'AbortError' || cause.name === 'TimeoutError') return cause.name
  }
  return 'network error'
}

const readBody = async (response: Response): Promise<string | undefined> => {
  let body = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    body += decoder.decode(chunk, { stream: true })
    // Leaving the loop cancels the stream, and with it the connection.
    if (body.length > LONGEST_ANSWER) return undefined
  }
  return body
}

const parseJson = (body: string | undefined): unknown => {
  try {
    return body === undefined ? undefined : JSON.parse(body)
  } catch {
    return undefined
  }
}

const parseRetryAfter = (header: string | null): number | undefined =>
  header && /^\d{1,6}$/.test(header) ? Number(header) : undefined

/**
 * Posts JSON to a company and lets `interpret` judge its answer. What never reached the company is `failed`; what may
 * have (time ran out, the connection broke) is `unknown`. Redirects are not followed: they would carry the code and the
 * credential to an address nobody configured.
 */
export const postJson = async (
  request: { url: string; headers: Record<string, string>; body: unknown; signal: AbortSignal },
  interpret: (answer: HttpAnswer) => SendResult,
): Promise<SendResult> => {
  try {
    const response = await fetch(request.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...request.headers },
      body: JSON.stringify(request.body),
      redirect: 'manual',
      signal: request.signal,
      dispatcher: agent,
    })
    return interpret({
      status: response.status,
      json: parseJson(await readBody(response)),
      retryAfter: parseRetryAfter(response.headers.get('retry-after')),
    })
  } catch (error) {
    const reason = faultOf(error)
    return { outcome: NEVER_CONNECTED.has(reason) ? 'failed' : 'unknown', reason }
  }
}

/**
 * What a status that is not a success says of a message, for companies whose documents say no more: the number is at
 * fault for 400 and 422, gateways that gave up waiting know nothing, and everything else was not sent.
 */
export const interpretFailure = ({ status, retryAfter }: HttpAnswer): SendResult => {
  const reason = `HTTP ${status}`
  if (status === 400 || status === 422) return { outcome: 'refused', reason }
  if (status === 408 || status === 502 || status === 504) return { outcome: 'unknown', reason }
  return { outcome: 'failed', reason, ...(retryAfter === undefined ? {} : { retryAfter }) }
}
