/**
 * The typed client of Doorcode: the two steps of a login, its tokens, and calls to the APIs behind it.
 *
 * Bodies and answers are the API's own JSON, typed by its OpenAPI document. What a caller must be told comes as
 * `{ ok: false, problem }`, never as an exception; a rejected promise is a call that its own signal has ended, a storage
 * that failed, or a mistake in the program.
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

/** What a client is made of. Only `url` must be given. */
export interface ClientOptions
  extends Partial<Omit<ExchangeOptions, 'url'>>,
    Partial<Pick<SessionOptions, 'storage' | 'onSessionEnd'>> {
  /** The address of the service, as in the `iss` of its tokens. */
  url: string
  /** Origins of the APIs that may see the access token, besides the service itself. */
  apis?: readonly string[]
}

/** A client of one service for one user. */
export type Client = ReturnType<typeof createClient>

/** The origin of an http address. Not by `URL`, which is half a one in React Native. Throws a TypeError for any other. */
const originOf = (address: string): string => {
  const [, origin] = /^(https?:\/\/[^/?#\\@\s]+)(?:[/?#]|$)/i.exec(address) ?? []
  if (!origin) throw new TypeError(`${address} is no http address`)
  return origin.toLowerCase()
}

/** Makes a client. It asks nobody anything before it is told to. */
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
  // Browsers have it on `https` pages and on `localhost` alone, React Native where an app brings it.
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

  /** A call by whoever is signed in, made again with a new token where the first one was not taken. */
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

  /** Keeps the tokens that an answer brings, unless the user has logged out meanwhile. */
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
    /** Step one: a code is sent (`pending-2fa`), or a remembered device needs none (`Bearer`). */
    login: async (body: BodyOf<'login'>, options?: CallOptions) => {
      const { device_token } = await session.tokens()
      const known = device_token && !body.step_up ? { device_token, ...body } : body
      return keeping(post<'login'>('/login', 'token_type', known, options, { keyed: true }))
    },
    /** Step two: the code becomes tokens, which the client keeps. */
    verify: (body: BodyOf<'verify'>, options?: CallOptions) =>
      keeping(post<'verify'>('/verify', 'access_token', body, options, { once: true })),
    /** Sends another code, or the same by a call. */
    resend: (body: BodyOf<'resend'>, options?: CallOptions) =>
      post<'resend'>('/resend', 'pending_token', body, options, { keyed: true }),
    /** How far the message has come, and how many attempts are left. */
    challenge: (pendingToken: string, options?: CallOptions) =>
      exchange<'getChallenge'>('GET', '/challenge', 'state', { token: pendingToken }, options),
    /** Step one of a registration; `verify` is step two. */
    register: (body: BodyOf<'register'>, options?: CallOptions) =>
      post<'register'>('/register', 'pending_token', body, options, { keyed: true }),

    /** Renews the tokens now. Nothing needs to: all that takes a token sees to it. */
    refresh: session.refresh,
    /** A token for `Authorization`, renewed when it is about to end; undefined when nobody is signed in. */
    accessToken: session.accessToken,
    /** Ends the session here at once, and at the service. The device stays remembered. */
    logout: async (options?: CallOptions): Promise<Answer<'logout'>> => {
      logouts += 1
      const { refresh_token, access_token } = await session.tokens(true)
      await session.drop()
      return endSession(refresh_token, access_token, options)
    },
    /** What the client holds: for a clock on the page, or to carry it elsewhere. */
    tokens: () => session.tokens(),

    /** Who is signed in. */
    me: (options?: CallOptions) => signed<'getMe'>('GET', '/me', 'id', options),
    sessions: (options?: CallOptions) => signed<'listSessions'>('GET', '/sessions', 'sessions', options),
    endSession: (id: string, options?: CallOptions) =>
      signed<'endSession'>('DELETE', `/sessions/${encodeURIComponent(id)}`, undefined, options),
    endOtherSessions: (options?: CallOptions) => signed<'endOtherSessions'>('DELETE', '/sessions', undefined, options),
    devices: (options?: CallOptions) => signed<'listDevices'>('GET', '/devices', 'devices', options),
    forgetDevice: (id: string, options?: CallOptions) =>
      signed<'forgetDevice'>('DELETE', `/devices/${encodeURIComponent(id)}`, undefined, options),
    forgetDevices: (options?: CallOptions) => signed<'forgetDevices'>('DELETE', '/devices', undefined, options),
    /** Ends every other session; the new tokens are kept. Takes a fresh login with both factors. */
    changePassword: (body: BodyOf<'changePassword'>, options?: CallOptions) =>
      keeping(signed<'changePassword'>('POST', '/password', 'access_token', options, { body, once: true })),
    /** What whoever has forgotten the password is to do. */
    resetPassword: (body: BodyOf<'resetPassword'>, options?: CallOptions) =>
      post<'resetPassword'>('/password/reset', 'help', body, options),
    /** Sends a code to another number; `verifyPhone` makes it the user's. */
    changePhone: (body: BodyOf<'changePhone'>, options?: CallOptions) =>
      signed<'changePhone'>('POST', '/phone', 'pending_token', options, { body, keyed: true }),
    verifyPhone: (body: BodyOf<'verifyPhone'>, options?: CallOptions) =>
      keeping(signed<'verifyPhone'>('POST', '/phone/verify', 'access_token', options, { body, once: true })),

    /**
     * `fetch` with the access token, of an address or, where that begins with a slash, of a path of the service: renewed when it is about to end, and once more when the API answers 401. Throws a
     * TypeError for an origin that is neither the service's nor among `apis`, which must not see it.
     */
    async fetch(input: string | URL, init: RequestInit = {}): Promise<Response> {
      const address = String(input)
      const href = address[0] === '/' ? base + address : address
      const origin = originOf(href)
      if (!trusted.includes(origin)) throw new TypeError(`${origin} would see the access token: name it in \`apis\``)
      const send = (token: string | undefined) => {
        const headers = new Headers(init.headers)
        if (token) headers.set('authorization', `Bearer ${token}`)
        return fetch(href, { ...init, headers })
      }
      const token = await session.accessToken()
      const response = await send(token)
      // A stream is read only once.
      const isStream = typeof (init.body as ReadableStream | undefined)?.getReader === 'function'
      return response.status === 401 && !isStream ? session.again(token, response, send) : response
    },
  }
}
