import type { DataOf, ProblemOf } from './answer.ts'
import type { Exchange } from './exchange.ts'

/** What a client holds between calls. */
export interface Tokens {
  access_token?: string | undefined
  /** When the access token ends, in ms since 1970 by the clock of this machine. */
  expires_at?: number
  /** When it is renewed: a while before its end. */
  renew_at?: number
  /** Absent where it is a cookie. */
  refresh_token?: string | undefined
  /** For the next login, in the place of a code; it outlives the session. */
  device_token?: string | undefined
}

/** Where tokens outlive the client: the Keychain or Keystore of a phone, for one. Never `localStorage`. */
export interface TokenStorage {
  load(): Tokens | undefined | Promise<Tokens | undefined>
  save(tokens: Tokens): void | Promise<void>
}

/** What came of a renewal. */
export type Renewal = { ok: true; data: Tokens } | { ok: false; problem: ProblemOf<'refresh'> }

/** What a session is made of. */
export interface SessionOptions {
  exchange: Exchange
  storage: TokenStorage | undefined
  cookies: boolean
  /** Names the lock that all tabs with the same storage share. */
  url: string
  onSessionEnd: ((problem: ProblemOf<'refresh'>) => void) | undefined
}

/** The tokens of one user, renewed when they must be. */
export interface Session {
  /** What is held; what the storage holds now, which another tab may have changed, if that is asked for. */
  tokens(now?: boolean): Promise<Tokens>
  keep(grant: DataOf<'refresh'>): Promise<void>
  /** Forgets the session, but not the device. */
  drop(): Promise<void>
  /** An access token that is not over, by this clock; undefined when nobody is signed in or no new one can be had. */
  accessToken(): Promise<string | undefined>
  /** Renews the tokens: one flight at a time, which all who ask meanwhile share. */
  refresh(): Promise<Renewal>
  /** Asks again with a newer token, if one can be had, what was refused with this one; else answers what was answered. */
  again<T>(refused: string | undefined, answer: T, ask: (token: string | undefined) => Promise<T>): Promise<T>
}

/** How long before its end an access token is renewed, in ms; for a short one a quarter of its life. */
const MARGIN = 30_000

/** The service gives the same successor again for 120 s after the first try: the last one must arrive before, in ms. */
const GRACE = 110_000

/** Runs alone among all tabs of this origin. Node has locks too, but there each client is another user's. */
const alone = <T>(name: string, run: () => Promise<T>): Promise<T> => {
  const locks = 'document' in globalThis ? globalThis.navigator?.locks : undefined
  return locks ? (locks.request(name, run) as Promise<T>) : run()
}

/** Makes the session of a client. */
export const createSession = ({ exchange, storage, cookies, url, onSessionEnd }: SessionOptions): Session => {
  let held: Tokens | undefined
  // A cookie may be here of which nobody has told.
  let mayBe = cookies
  /** Counts logins and logouts: an answer to a question of before is not for now. */
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
    // Another tab may have been here while we waited: its tokens are ours.
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
      // Others may have been refused with the same token, and have a new one by now.
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
