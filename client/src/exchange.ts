import type { Answer, DataOf, OperationId, ProblemOf, Unreachable } from './answer.ts'

/** The options of a call. */
export interface CallOptions {
  /** Aborts the call, which then rejects with the reason of the signal. */
  signal?: AbortSignal
  /** The Idempotency-Key, for calls that take one. Default: the client creates one. */
  idempotencyKey?: string
}

/** The options of an exchange. */
export interface ExchangeOptions {
  /** The URL of the service, without a trailing slash. */
  url: string
  fetch: (input: string, init: RequestInit) => Promise<Response>
  /** Send and accept cookies (`REFRESH_COOKIE`). */
  cookies: boolean
  /** The language of the messages, sent as `Accept-Language`. */
  language: string | undefined
  /** Maximum duration of one attempt, in ms. */
  timeout: number
  /** Maximum number of retries of a call. */
  retries: number
  /** Maximum wait before a retry, in ms. A problem with a longer `Retry-After` is returned. */
  maxWait: number
  /** Returns a random UUID; undefined on platforms without a secure random source. */
  randomUUID: (() => string) | undefined
}

/** The content of a call and its retry rules. */
export interface Call {
  body?: object
  token?: string | undefined
  /** The call takes an Idempotency-Key. */
  keyed?: boolean
  /** The call is not idempotent: it is not repeated if its outcome is unknown. */
  once?: boolean
  /** Time in which retries are allowed, in ms. Each attempt's timeout ends within it. */
  within?: number
}

/**
 * A member of every success response of an operation; undefined for operations that return 204. A response without it
 * comes from a captive portal, a proxy or a broken connection, regardless of its status.
 */
export type Mark<O extends OperationId> = [DataOf<O>] extends [undefined] ? undefined : keyof DataOf<O>

/** A function that makes one call with its retries. */
export type Exchange = <O extends OperationId>(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  mark: Mark<O>,
  call: Call,
  options?: CallOptions,
) => Promise<Answer<O>>

/** Codes with which the service reports that the call changed nothing. */
const NOTHING_DONE = ['rate_limited', 'overloaded']
/** Codes after which the outcome is unknown. Only idempotent calls are repeated. */
const PERHAPS_DONE = ['unreachable', 'service_unavailable', 'idempotency_in_progress']

/** Creates the problem of a call without a response from the service. */
const unreachable = (status: number): Unreachable => ({
  code: 'unreachable',
  title: 'The service did not respond',
  status,
})

/** Returns the reason of an aborted signal. Some platforms give no reason. */
const reasonOf = (signal: AbortSignal) => signal.reason ?? new Error('aborted')

/** Runs a function after `ms` or when the signal aborts, unless the returned function is called before. */
const whenOver = (ms: number, signal: AbortSignal | undefined, run: () => void) => {
  const timer = setTimeout(run, ms)
  signal?.addEventListener('abort', run)
  return () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', run)
  }
}

const wait = (ms: number, signal?: AbortSignal) =>
  new Promise<void>((resolve) => {
    const settle = whenOver(ms, signal, () => {
      settle()
      resolve()
    })
  })

/** Creates the function through which the client makes all calls to the service. */
export const createExchange = (options: ExchangeOptions): Exchange => {
  /** The keys of calls with an unknown outcome. The same call again reuses its key. */
  const undecided = new Map<string, string>()

  const attempt = async (path: string, mark: unknown, init: RequestInit, signal: AbortSignal | undefined) => {
    if (signal?.aborted) throw reasonOf(signal)
    const late = new AbortController()
    const settle = whenOver(options.timeout, signal, () => late.abort())
    let problem = unreachable(0)
    let after: unknown
    try {
      const response = await options.fetch(options.url + path, { ...init, signal: late.signal })
      const { ok, status, headers } = response
      problem.status = status
      after = headers.get('retry-after')
      if (!mark && status === 204) return { ok }
      // biome-ignore lint/suspicious/noExplicitAny: the response may come from anything; its body is checked below.
      const body: any = await response.json()
      if (ok && body?.[mark as string]) return { ok, data: body }
      if (typeof body?.code === 'string' && body.status === status) {
        problem = body
        after = body.retry_after ?? after
      }
    } catch (error) {
      if (signal?.aborted) throw reasonOf(signal)
      problem.cause = error
    } finally {
      settle()
    }
    return { ok: false, problem, after }
  }

  return async <O extends OperationId>(
    method: string,
    path: string,
    mark: Mark<O>,
    { body, token, keyed, once, within = Infinity }: Call,
    { signal, idempotencyKey }: CallOptions = {},
  ) => {
    const json = JSON.stringify(body)
    const same = path + json
    const key = keyed ? (idempotencyKey ?? undecided.get(same) ?? options.randomUUID?.()) : undefined
    if (key) undecided.set(same, key)
    const end = Date.now() + within
    const twice = keyed ? key : !once
    const init: RequestInit = {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
        ...(options.language && { 'accept-language': options.language }),
        ...(key && { 'idempotency-key': key }),
      },
      ...(body && { body: json }),
      // Set only if needed, because some edge runtimes reject this option.
      ...(options.cookies && { credentials: 'include' }),
      // Never send a password to the target of a redirect.
      redirect: 'manual',
    }
    for (let tries = 0; ; tries += 1) {
      const { after, ...answer } = await attempt(path, mark, init, signal)
      const code: string = answer.problem?.code as never

      // Without a Retry-After: exponential backoff with jitter.
      const ms = Number(after) > 0 ? Number(after) * 1000 : 500 * 2 ** tries * (1 + Math.random())
      const may = NOTHING_DONE.includes(code) || (twice && PERHAPS_DONE.includes(code))
      if (
        answer.ok ||
        !may ||
        tries >= options.retries ||
        ms > options.maxWait ||
        Date.now() + ms + options.timeout > end
      ) {
        if (!PERHAPS_DONE.includes(code)) undecided.delete(same)
        return answer as { ok: false; problem: ProblemOf<O> }
      }
      await wait(ms, signal)
    }
  }
}
