/**
 * The typed client of Doorcode: the two steps of a login, its tokens, and calls to your APIs.
 *
 * Requests and responses are the JSON of the API, typed by its OpenAPI document. Problems are returned as
 * `{ ok: false, problem }` and never thrown. A promise rejects only if its signal aborts the call, the storage fails, or
 * the program has an error.
 */
import type { Answer, BodyOf, DataOf, OperationId, Problem } from './answer.ts'
import { type Call, type CallOptions, createExchange, type ExchangeOptions, type Mark } from './exchange.ts'
import { createSession, type SessionOptions } from './session.ts'

export type {
  Answer,
  BodyOf,
  DataOf,
  OperationId,
  Problem,
  ProblemCode,
  ProblemOf,
  Schemas,
  Unreachable,
} from './answer.ts'
export type { CallOptions } from './exchange.ts'
export type { Renewal, TokenStorage, Tokens } from './session.ts'

/** The options of a client. Only `url` is required. */
export interface ClientOptions
  extends Partial<Omit<ExchangeOptions, 'url'>>,
    Partial<Pick<SessionOptions, 'storage' | 'onSessionEnd'>> {
  /** The URL of the service, as in the `iss` of its tokens. */
  url: string
  /** Origins of the APIs that may receive the access token, in addition to the service itself. */
  apis?: readonly string[]
}

/** A client of one service for one user. */
export type Client = ReturnType<typeof createClient>

/**
 * Returns the origin of an HTTP URL. Throws a TypeError for any other text. Does not use `URL`, which is incomplete in
 * React Native.
 */
const originOf = (address: string): string => {
  const [, origin] = /^(https?:\/\/[^/?#\\@\s]+)(?:[/?#]|$)/i.exec(address) ?? []
  if (!origin) throw new TypeError(`${address} is not an HTTP URL. For example: https://auth.example.com`)
  return origin.toLowerCase()
}

/** Creates a client. It sends no request until one of its functions is called. */
export const createClient = ({
  url,
  fetch = (input, init) => globalThis.fetch(input, init),
  storage,
  cookies = false,
  language,
  apis = [],
  timeout = 10_000,
  retries = 2,
  maxWait = 5_000,
  // Browsers have it only on `https` pages and on `localhost`, React Native only with a polyfill.
  randomUUID = globalThis.crypto?.randomUUID?.bind(crypto),
  onSessionEnd,
}: ClientOptions) => {
  const base = url.replace(/\/+$/, '')
  const exchange = createExchange({ url: base, fetch, cookies, language, timeout, retries, maxWait, randomUUID })
  const session = createSession({ exchange, storage, cookies, url: base, onSessionEnd })
  const trusted = [base, ...apis].map(originOf)
  let logouts = 0

  const post = <O extends OperationId>(
    path: string,
    mark: Mark<O>,
    body: BodyOf<O>,
    options?: CallOptions,
    how?: Call,
  ) => exchange<O>('POST', path, mark, { body: body as object, ...how }, options)

  /** Makes a call with the access token. Repeats it once with a new token if the first token was rejected. */
  const signed = async <O extends OperationId>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    mark: Mark<O>,
    options?: CallOptions,
    call: Call = {},
  ): Promise<Answer<O>> => {
    const send = (token: string | undefined) => exchange<O>(method, path, mark, { ...call, token }, options)
    const token = await session.accessToken()
    const answer = await send(token)
    return !answer.ok && (answer.problem as Problem).code === 'invalid_token'
      ? session.again(token, answer, send)
      : answer
  }

  const endSession = (refresh_token: string | undefined, token?: string, options?: CallOptions) =>
    exchange<'logout'>('POST', '/logout', undefined, { body: { refresh_token }, token }, options)

  /** Stores the tokens of a response. Ends the new session instead if the user logged out in the meantime. */
  const keeping = async <O extends OperationId>(asked: Promise<Answer<O>>): Promise<Answer<O>> => {
    const before = logouts
    const answer = await asked
    const data = answer.ok ? (answer.data as Partial<DataOf<'refresh'>>) : undefined
    if (data?.token_type !== 'Bearer') return answer
    if (before === logouts) await session.keep(data as DataOf<'refresh'>)
    else await endSession(data.refresh_token, data.access_token)
    return answer
  }

  return {
    /** Step one of a login. Sends a code (`pending-2fa`), or logs in a remembered device without one (`Bearer`). */
    login: async (body: BodyOf<'login'>, options?: CallOptions) => {
      const { device_token } = await session.tokens()
      const known = device_token && !body.step_up ? { device_token, ...body } : body
      return keeping(post<'login'>('/login', 'token_type', known, options, { keyed: true }))
    },
    /** Step two of a login. Exchanges the code for tokens, which the client stores. */
    verify: (body: BodyOf<'verify'>, options?: CallOptions) =>
      keeping(post<'verify'>('/verify', 'access_token', body, options, { once: true })),
    /** Sends another code, optionally on another channel. */
    resend: (body: BodyOf<'resend'>, options?: CallOptions) =>
      post<'resend'>('/resend', 'pending_token', body, options, { keyed: true }),
    /** Returns the delivery status of the code and the number of guesses left. */
    challenge: (pendingToken: string, options?: CallOptions) =>
      exchange<'getChallenge'>('GET', '/challenge', 'state', { token: pendingToken }, options),
    /** Step one of a registration. Step two is `verify`. */
    register: (body: BodyOf<'register'>, options?: CallOptions) =>
      post<'register'>('/register', 'pending_token', body, options, { keyed: true }),

    /** Renews the tokens now. Not usually needed: all functions that use a token renew it. */
    refresh: session.refresh,
    /** Returns an access token, renewed shortly before its expiry; undefined if no user is signed in. */
    accessToken: session.accessToken,
    /** Deletes the local tokens, then ends the session at the service. The device stays remembered. */
    logout: async (options?: CallOptions): Promise<Answer<'logout'>> => {
      logouts += 1
      const { refresh_token, access_token } = await session.tokens(true)
      await session.drop()
      return endSession(refresh_token, access_token, options)
    },
    /** Returns the stored tokens, for example to show their expiry. */
    tokens: () => session.tokens(),

    /** Returns the user who is signed in. */
    me: (options?: CallOptions) => signed<'getMe'>('GET', '/me', 'id', options),
    sessions: (options?: CallOptions) => signed<'listSessions'>('GET', '/sessions', 'sessions', options),
    endSession: (id: string, options?: CallOptions) =>
      signed<'endSession'>('DELETE', `/sessions/${encodeURIComponent(id)}`, undefined, options),
    endOtherSessions: (options?: CallOptions) => signed<'endOtherSessions'>('DELETE', '/sessions', undefined, options),
    devices: (options?: CallOptions) => signed<'listDevices'>('GET', '/devices', 'devices', options),
    forgetDevice: (id: string, options?: CallOptions) =>
      signed<'forgetDevice'>('DELETE', `/devices/${encodeURIComponent(id)}`, undefined, options),
    forgetDevices: (options?: CallOptions) => signed<'forgetDevices'>('DELETE', '/devices', undefined, options),
    /** Changes the password, ends every other session and stores the new tokens. Requires a recent login with both factors. */
    changePassword: (body: BodyOf<'changePassword'>, options?: CallOptions) =>
      keeping(signed<'changePassword'>('POST', '/password', 'access_token', options, { body, once: true })),
    /** Returns instructions for users who forgot their password. */
    resetPassword: (body: BodyOf<'resetPassword'>, options?: CallOptions) =>
      post<'resetPassword'>('/password/reset', 'help', body, options),
    /** Sends a code to a new phone number. `verifyPhone` completes the change. */
    changePhone: (body: BodyOf<'changePhone'>, options?: CallOptions) =>
      signed<'changePhone'>('POST', '/phone', 'pending_token', options, { body, keyed: true }),
    verifyPhone: (body: BodyOf<'verifyPhone'>, options?: CallOptions) =>
      keeping(signed<'verifyPhone'>('POST', '/phone/verify', 'access_token', options, { body, once: true })),

    /**
     * Calls `fetch` with the access token. An input that begins with a slash is a path of the service. The token is renewed
     * shortly before its expiry, and once more if the API returns 401. Throws a TypeError if the origin is neither the
     * service nor in `apis`, because it must not receive the token.
     */
    async fetch(input: string | URL, init: RequestInit = {}): Promise<Response> {
      const address = String(input)
      const href = address[0] === '/' ? base + address : address
      const origin = originOf(href)
      if (!trusted.includes(origin))
        throw new TypeError(`${origin} must not receive the access token. To allow it, add it to \`apis\``)
      const send = (token: string | undefined) => {
        const headers = new Headers(init.headers)
        if (token) headers.set('authorization', `Bearer ${token}`)
        return fetch(href, { ...init, headers })
      }
      const token = await session.accessToken()
      const response = await send(token)
      // A stream can be sent only once.
      const isStream = typeof (init.body as ReadableStream | undefined)?.getReader === 'function'
      return response.status === 401 && !isStream ? session.again(token, response, send) : response
    },
  }
}
