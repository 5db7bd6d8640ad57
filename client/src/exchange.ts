import type { Answer, DataOf, OperationId, ProblemOf, Unreachable } from './answer.ts'

/** What a call can be given. */
export interface CallOptions {
  /** Ends the call, which then rejects with the reason of the signal. */
  signal?: AbortSignal
  /** An Idempotency-Key of the caller's own, for the calls that take one; by default the client makes it. */
  idempotencyKey?: string
}

/** How calls reach the service. */
export interface ExchangeOptions {
  /** The address of the service, without a slash at its end. */
  url: string
  fetch: (input: string, init: RequestInit) => Promise<Response>
  /** Let cookies travel (`REFRESH_COOKIE`). */
  cookies: boolean
  /** Sent as `Accept-Language`: the language of the messages. */
  language: string | undefined
  /** The longest that one try may take, in ms. */
  timeout: number
  /** How often a call is repeated. */
  retries: number
  /** The longest that a `Retry-After` is waited for, in ms. A longer one is the caller's to show. */
  maxWait: number
  /** A random UUID; undefined where no safe source of random numbers is at hand. */
  randomUUID: (() => string) | undefined
}

/** What a call carries, and how often it may be made. */
export interface Call {
  body?: object
  token?: string | undefined
  /** Whether it takes an Idempotency-Key. */
  keyed?: boolean
  /** Whether what was done cannot be done again, so that it must not be repeated when its fate is unknown. */
  once?: boolean
  /** The time in which it can be repeated, in ms: no try begins whose `timeout` ends later. */
  within?: number
}

/**
 * A member that every success of an operation has; undefined where success is a 204. An answer without it comes from a
 * captive portal, a proxy or a connection that broke, whatever its status.
 */
export type Mark<O extends OperationId> = [DataOf<O>] extends [undefined] ? undefined : keyof DataOf<O>

/** Makes one call, with its repetitions. */
export type Exchange = <O extends OperationId>(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  mark: Mark<O>,
  call: Call,
  options?: CallOptions,
) => Promise<Answer<O>>

/** Of these the service says that nothing was done. */
const NOTHING_DONE = ['rate_limited', 'overloaded']
/** After these a call may be repeated that may be made twice. */
const PERHAPS_DONE = ['unreachable', 'service_unavailable', 'idempotency_in_progress']

/** What a caller is told to whom no answer of the service came. */
const unreachable = (status: number): Unreachable => ({ code: 'unreachable', title: 'No answer came', status })

/** What a call rejects with that its signal has ended; some platforms give no reason. */
const reasonOf = (signal: AbortSignal) => signal.reason ?? new Error('aborted')

/** Runs after so many ms, or when the signal ends, unless the returned function is called before. */
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

/** Makes the one way in which this client speaks to the service. */
export const createExchange = (options: ExchangeOptions): Exchange => {
  /** The keys of calls that were not decided: whoever makes such a call again means the same one. */
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
      // biome-ignore lint/suspicious/noExplicitAny: anything may answer there; its body is checked below.
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
      // Named only where it is needed, for the edge runtimes that know no cookies and refuse the word.
      ...(options.cookies && { credentials: 'include' }),
      // No password goes where a redirection says.
      redirect: 'manual',
    }
    for (let tries = 0; ; tries += 1) {
      const { after, ...answer } = await attempt(path, mark, init, signal)
      const code: string = answer.problem?.code as never

      // Without a word of the service each wait is twice the former, and no two clients wait alike.
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
