import type { DataOf, ProblemOf } from './answer.ts'
import type { Exchange } from './exchange.ts'

/** The tokens that a client stores. */
export interface Tokens {
  access_token?: string | undefined
  /** Expiry of the access token, in Unix ms of this machine's clock. */
  expires_at?: number
  /** Time at which the access token is renewed, in Unix ms; shortly before its expiry. */
  renew_at?: number
  /** Absent if it is in a cookie. */
  refresh_token?: string | undefined
  /** Replaces the code at the next login. It outlives the session. */
  device_token?: string | undefined
}

/** Persistent storage for tokens, for example the Keychain or Keystore of a phone. Never use `localStorage`. */
export interface TokenStorage {
  load(): Tokens | undefined | Promise<Tokens | undefined>
  save(tokens: Tokens): void | Promise<void>
}

/** The result of a renewal. */
export type Renewal = { ok: true; data: Tokens } | { ok: false; problem: ProblemOf<'refresh'> }

/** The options of a session. */
export interface SessionOptions {
  exchange: Exchange
  storage: TokenStorage | undefined
  cookies: boolean
  /** The URL of the service, which names the lock that all tabs share. */
  url: string
  onSessionEnd: ((problem: ProblemOf<'refresh'>) => void) | undefined
}

/** The tokens of one user and their renewal. */
export interface Session {
  /** Returns the tokens. With `now`, reads the storage again, because another tab may have changed it. */
  tokens(now?: boolean): Promise<Tokens>
  /** Stores the tokens of a grant. */
  keep(grant: DataOf<'refresh'>): Promise<void>
  /** Deletes the tokens of the session, but not the device token. */
  drop(): Promise<void>
  /** Returns a valid access token; undefined if no user is signed in or the renewal failed. */
  accessToken(): Promise<string | undefined>
  /** Renews the tokens. Concurrent calls share one request. */
  refresh(): Promise<Renewal>
  /** Repeats a rejected call with a newer token. Returns the original response if no newer token is available. */
  again<T>(refused: string | undefined, answer: T, ask: (token: string | undefined) => Promise<T>): Promise<T>
}

/** Time before its expiry at which an access token is renewed, in ms. At most a quarter of its lifetime. */
const MARGIN = 30_000

/** Time in which a refresh can be repeated, in ms. The rotation grace of the service is 120 s after the first attempt. */
const GRACE = 110_000

/**
 * Runs a function exclusively among all tabs of this origin. Node has locks too, but does not use them, because each
 * client there belongs to another user.
 */
const alone = <T>(name: string, run: () => Promise<T>): Promise<T> => {
  const locks = 'document' in globalThis ? globalThis.navigator?.locks : undefined
  return locks ? (locks.request(name, run) as Promise<T>) : run()
}

/** Creates the session of a client. */
export const createSession = ({ exchange, storage, cookies, url, onSessionEnd }: SessionOptions): Session => {
  let held: Tokens | undefined
  // With cookies, a session may exist before this client has seen a grant.
  let mayBe = cookies
  /** Counts logins and logouts, so that a response to an earlier request is ignored. */
  let age = 0
  let flight: Promise<Renewal> | undefined

  const tokens = async (now?: boolean) => {
    if (!held || (now && storage)) held = (await storage?.load()) ?? {}
    return held
  }
  const save = async (next: Tokens) => {
    held = next
    await storage?.save(next)
  }
  const keep = async (grant: DataOf<'refresh'>) => {
    const { access_token, refresh_token, device_token } = { device_token: (await tokens()).device_token, ...grant }
    const life = grant.expires_in * 1000
    const expires_at = Date.now() + life
    age += 1
    mayBe = cookies
    await save({
      access_token,
      expires_at,
      renew_at: expires_at - Math.min(MARGIN, life / 4),
      refresh_token,
      device_token,
    })
  }
  const drop = async () => {
    const { device_token } = await tokens()
    age += 1
    mayBe = false
    await save({ device_token })
  }
  const isFresh = ({ renew_at = 0 }: Tokens) => renew_at > Date.now()

  const renew = async (): Promise<Renewal> => {
    const former = (await tokens()).refresh_token
    // Another tab may have renewed the tokens while this one waited for the lock.
    const current = await tokens(true)
    if (current.refresh_token !== former && isFresh(current)) return { ok: true, data: current }
    const asked = age
    const answer = await exchange<'refresh'>('POST', '/refresh', 'access_token', {
      body: { refresh_token: current.refresh_token },
      within: GRACE,
    })
    if (asked === age && answer.ok) await keep(answer.data)
    if (answer.ok) return { ok: true, data: await tokens() }
    if (asked === age && answer.problem.code === 'invalid_token') {
      await drop()
      if (current.access_token) onSessionEnd?.(answer.problem)
    }
    return answer
  }

  const refresh = () => {
    flight ??= (storage || cookies ? alone(`doorcode ${url}`, renew) : renew()).finally(() => {
      flight = undefined
    })
    return flight
  }

  return {
    tokens,
    keep,
    drop,
    refresh,
    async again(refused, answer, ask) {
      if (!refused) return answer
      // A concurrent call with the same token may have renewed it already.
      if ((await tokens()).access_token === refused) await refresh()
      const { access_token } = await tokens()
      return access_token && access_token !== refused ? ask(access_token) : answer
    },
    async accessToken() {
      const former = await tokens()
      if (!isFresh(former) && (former.refresh_token || mayBe)) await refresh()
      const { access_token, expires_at = 0 } = await tokens()
      return expires_at > Date.now() ? access_token : undefined
    },
  }
}
