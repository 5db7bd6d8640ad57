import { Agent, type Dispatcher, fetch, type Response } from 'undici'
import type { SendResult } from '../core/delivery/ports.ts'
import { interpretFault } from './wire-faults.ts'

/** A request to a provider. */
export interface HttpRequest {
  /** POST unless it says otherwise. */
  method?: 'GET' | 'POST' | 'PUT'
  url: string
  headers?: Record<string, string>
  /** The body: JSON, form fields in their order, or raw text whose type stands in `headers`. One of them at most. */
  json?: unknown
  form?: readonly (readonly [name: string, value: string])[]
  body?: string
  signal: AbortSignal
}

/** A request as it goes over the wire. */
export interface WireRequest {
  method: string
  url: string
  /** Names in lower case. */
  headers: Record<string, string>
  body: string | undefined
}

/** An answer as it came over the wire. */
export interface WireAnswer {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  /** Undefined when it is longer than 64 KiB. */
  body: string | undefined
}

/** Carries one request to a provider and its answer back. Throws when there is none. */
export type Transport = (request: WireRequest, signal: AbortSignal) => Promise<WireAnswer>

/** A provider's answer, as far as it was read. */
export interface HttpAnswer {
  status: number
  /** The body as text; undefined when it is longer than 64 KiB. */
  text: string | undefined
  /** The JSON body; undefined when it is not JSON or longer than 64 KiB. */
  json: unknown
  /** Seconds, from `Retry-After`. */
  retryAfter: number | undefined
}

/** Returns true when a part of an answer has members to look at; a list has none. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Returns the address of a path below a base address, whose last slash may be there or not. */
export const joinUrl = (base: string, path: string): string => (path === '' ? base : base.replace(/\/$/, '') + path)

/** Returns the `Authorization` header of HTTP's Basic scheme (RFC 7617). */
export const basicAuth = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** A host that takes no connection must leave time for the next provider, in ms. */
export const CONNECT_TIMEOUT = 1_500

const LONGEST_ANSWER = 64 * 1024

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

/** Parses JSON; undefined for a text that is not JSON, and for none. */
export const parseJson = (body: string | undefined): unknown => {
  try {
    return body === undefined ? undefined : JSON.parse(body)
  } catch {
    return undefined
  }
}

/** Returns the seconds of a `Retry-After` header; undefined for a date and for anything else. */
export const parseRetryAfter = (header: string | undefined): number | undefined =>
  header && /^\d{1,6}$/.test(header) ? Number(header) : undefined

/**
 * Creates a real wire. Redirects are not followed: they would carry the code and the credential to an address that is
 * not configured.
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

/** A wire without a proxy. */
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
 * Makes one request and lets `interpret` judge the answer. What never reached the host is `failed`, what may have (time ran
 * out, the connection broke) is `unknown`; redirects are not followed. Never throws.
 */
export type Exchange = (request: HttpRequest, interpret: (answer: HttpAnswer) => SendResult) => Promise<SendResult>

/** Makes the `exchange` that providers use, over a wire. */
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
 * What a status that is not a success says of a message, for providers whose documents say no more: the number is at
 * fault for 400 and 422, gateways that gave up waiting know nothing, and everything else was not sent.
 */
export const interpretFailure = ({ status, retryAfter }: Pick<HttpAnswer, 'status' | 'retryAfter'>): SendResult => {
  const reason = `HTTP ${status}`
  if (status === 400 || status === 422) return { outcome: 'refused', reason }
  if (status === 408 || status === 502 || status === 504) return { outcome: 'unknown', reason }
  return { outcome: 'failed', reason, ...(retryAfter === undefined ? {} : { retryAfter }) }
}
