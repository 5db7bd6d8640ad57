import { Agent, type Dispatcher, fetch, type Response } from 'undici'
import type { SendResult } from '../core/delivery/ports.ts'
import { interpretFault } from './wire-faults.ts'

/** A request to a provider. */
export interface HttpRequest {
  /** POST by default. */
  method?: 'GET' | 'POST' | 'PUT'
  url: string
  headers?: Record<string, string>
  /** The body, in at most one form: JSON, ordered form fields, or raw text whose type is in `headers`. */
  json?: unknown
  form?: readonly (readonly [name: string, value: string])[]
  body?: string
  signal: AbortSignal
}

/** A request, as it is sent. */
export interface WireRequest {
  method: string
  url: string
  /** Names in lower case. */
  headers: Record<string, string>
  body: string | undefined
}

/** A response, as it was received. */
export interface WireAnswer {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  /** Undefined when it is longer than 64 KiB. */
  body: string | undefined
}

/** Sends one request to a provider and returns the response. Throws when no response comes. */
export type Transport = (request: WireRequest, signal: AbortSignal) => Promise<WireAnswer>

/** A provider's response, as far as it was read. */
export interface HttpAnswer {
  status: number
  /** The body as text; undefined when it is longer than 64 KiB. */
  text: string | undefined
  /** The JSON body; undefined when it is not JSON or longer than 64 KiB. */
  json: unknown
  /** The seconds of `Retry-After`. */
  retryAfter: number | undefined
}

/** Returns true for a JSON object; false for a list and other values. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Returns the URL of a path below a base URL, which may end in a slash. */
export const joinUrl = (base: string, path: string): string => (path === '' ? base : base.replace(/\/$/, '') + path)

/** Returns the `Authorization` header of the Basic scheme (RFC 7617). */
export const basicAuth = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** Time for a connection, in ms. It leaves time for the next provider when a host does not respond. */
export const CONNECT_TIMEOUT = 1_500

const LONGEST_ANSWER = 64 * 1024

const readBody = async (response: Response): Promise<string | undefined> => {
  let body = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    body += decoder.decode(chunk, { stream: true })
    // Leaving the loop cancels the stream and closes the connection.
    if (body.length > LONGEST_ANSWER) return undefined
  }
  return body
}

/** Parses JSON; undefined for text that is not JSON, and for undefined. */
export const parseJson = (body: string | undefined): unknown => {
  try {
    return body === undefined ? undefined : JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Returns the seconds of a `Retry-After` header; undefined for a date or other text. */
export const parseRetryAfter = (header: string | undefined): number | undefined =>
  header && /^\d{1,6}$/.test(header) ? Number(header) : undefined

/**
 * Makes a transport that sends real requests. It follows no redirects, which would carry the code and the credential to
 * an address that is not configured.
 */
export const createWire =
  (dispatcher: Dispatcher): Transport =>
  async ({ method, url, headers, body }, signal) => {
    const response = await fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
      signal,
      dispatcher,
    })
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await readBody(response) }
  }

/** A transport without a proxy. */
export const wire: Transport = createWire(new Agent({ connect: { timeout: CONNECT_TIMEOUT } }))

const bodyOf = ({ json, form, body }: HttpRequest): { type?: string; body: string | undefined } => {
  if (json !== undefined) return { type: 'application/json', body: JSON.stringify(json) }
  if (form) {
    return {
      type: 'application/x-www-form-urlencoded',
      body: new URLSearchParams(form.map(([name, value]) => [name, value])).toString(),
    }
  }
  return { body }
}

/**
 * Sends one request and lets `interpret` judge the response. An error before the request reached the host is `failed`;
 * an error that may have come after it (timeout, broken connection) is `unknown`. Follows no redirects. Never throws.
 */
export type Exchange = (request: HttpRequest, interpret: (answer: HttpAnswer) => SendResult) => Promise<SendResult>

/** Makes the `exchange` of the providers, over a transport. */
export const createExchange =
  (transport: Transport): Exchange =>
  async (request, interpret) => {
    const { type, body } = bodyOf(request)
    const headers = { ...(type && { 'content-type': type }), accept: 'application/json', ...request.headers }
    try {
      const answer = await transport(
        { method: request.method ?? 'POST', url: request.url, headers, body },
        request.signal,
      )
      return interpret({
        status: answer.status,
        text: answer.body,
        json: parseJson(answer.body),
        retryAfter: parseRetryAfter(answer.headers['retry-after']),
      })
    } catch (error) {
      return interpretFault(error)
    }
  }

/**
 * Interprets an error status, for providers that document nothing more specific. 400 and 422 mean an invalid number. A
 * gateway timeout has an unknown outcome. With every other status the message was not sent.
 */
export const interpretFailure = ({ status, retryAfter }: Pick<HttpAnswer, 'status' | 'retryAfter'>): SendResult => {
  const reason = `HTTP ${status}`
  if (status === 400 || status === 422) return { outcome: 'refused', reason }
  if (status === 408 || status === 502 || status === 504) return { outcome: 'unknown', reason }
  return { outcome: 'failed', reason, ...(retryAfter === undefined ? {} : { retryAfter }) }
}
