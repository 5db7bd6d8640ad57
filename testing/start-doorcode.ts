/** A complete Doorcode for a test or a test suite (`docs/integration-tests.md`). */
import { randomBytes } from 'node:crypto'
import { createFictionPhones } from './fiction-phones.ts'
import type { PostgresChoice } from './find-postgres.ts'
import { createInbox, type ReceivedCode, type ReceivedMessage } from './inbox.ts'
import { startInstanceProcess } from './instance-process.ts'
import type { InstanceAddress, NewTestUser } from './instance-protocol.ts'
import { createTestClock, type TestClock } from './test-clock.ts'

/** The options of an instance. */
export interface DoorcodeOptions {
  /** Settings that replace the defaults of the kit: `{ ACCESS_TOKEN_TTL: '60' }`. */
  settings?: Record<string, string> | undefined
  /** `container`, `embedded`, or the URL of a Postgres for a temporary database. Defaults to what is available. */
  database?: PostgresChoice
  /** `inherit` shows the log. */
  stdio?: 'inherit' | 'ignore' | undefined
}

/** A user of the kit. */
export interface TestUser {
  id: string
  username: string
  /** The plaintext password. */
  password: string
  /** The number in E.164. */
  phone: string
  locale: string | undefined
}

/** The result of a login: the response of `POST /verify`. */
export interface TestGrant {
  access_token: string
  token_type: string
  expires_in: number
  refresh_token: string
  refresh_expires_in: number
}

/** A running Doorcode for tests. */
export interface Doorcode extends AsyncDisposable, InstanceAddress {
  /** Adds a user with any password. Missing members get unique values. */
  user(wish?: Partial<NewTestUser>): Promise<TestUser>
  /** Resolves to the newest unread code to this number, or to the next one within `timeout` ms (5,000). */
  waitForCode(phone: string, options?: { timeout?: number }): Promise<ReceivedCode>
  /** Resolves to all messages to this number, oldest first. */
  messages(phone: string): Promise<ReceivedMessage[]>
  /** Logs a user in with password and code. A user of the kit can be given by name. */
  login(user: string | Pick<TestUser, 'username' | 'password' | 'phone'>): Promise<TestGrant>
  /** Logs a user in and resolves to the access token. */
  token(user: string | Pick<TestUser, 'username' | 'password' | 'phone'>): Promise<string>
  clock: TestClock
  /** Stops the instance and removes all its data. */
  stop(): Promise<void>
}

/** Default timeout for a code in ms. */
const CODE_TIMEOUT_MS = 5_000

/** Default settings for tests; production refuses several of them. */
const FOR_TESTS = {
  NODE_ENV: 'test',
  SMS_PROVIDERS: 'outbox',
  DEV_OUTBOX: 'true',
  RATE_LIMIT: 'false',
  RESEND_COOLDOWN: '0',
  SMS_BUDGET_MESSAGES: 'all=1000000,each=1000000',
  REGISTRATION: 'open',
  DEMO: 'false',
  LOG_LEVEL: 'warn',
}

/** Settings that the kit sets itself, with their alternatives. */
const RESERVED: Record<string, string> = {
  DATABASE_URL: 'Use the option `database`.',
  DATABASE_URL_FILE: 'Use the option `database`.',
}

const assertAllowed = (settings: Record<string, string>): void => {
  for (const [name, instead] of Object.entries(RESERVED))
    if (name in settings) throw new Error(`${name} is reserved for the test kit. ${instead}`)
  if (settings['NODE_ENV'] === 'production') throw new Error('NODE_ENV must not be production in tests.')
}

/** Converts setting values to strings, because untyped tests may pass other values. */
const toStrings = (settings: Record<string, string>) =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]))

/**
 * Starts a Doorcode with its own database, on a free port of this machine, in a process that ends with this one. Throws the
 * error of the service if it cannot start.
 */
export const startDoorcode = async ({
  settings = {},
  database,
  stdio = 'ignore',
}: DoorcodeOptions = {}): Promise<Doorcode> => {
  assertAllowed(settings)
  const inbox = createInbox()
  const instance = startInstanceProcess({ stdio, onKept: inbox.take })
  const address = await instance
    .call('start', { settings: { ...FOR_TESTS, ...toStrings(settings) }, database })
    .catch(async (error: unknown) => {
      await instance.end()
      throw error
    })

  const users = new Map<string, TestUser>()
  const phones = new Set<string>()
  const newPhone = createFictionPhones((phone) => phones.has(phone))
  let nth = 0

  const addUser = async (wish: Partial<NewTestUser>): Promise<TestUser> => {
    nth += 1
    const username = wish.username ?? `user-${nth}`
    const password = wish.password ?? `let me in ${randomBytes(6).toString('hex')}`
    const phone = wish.phone ?? newPhone()
    const { locale } = wish
    try {
      const made = await instance.call('addUser', {
        username,
        password,
        phone,
        ...(locale !== undefined && { locale }),
      })
      const user = { ...made, locale: made.locale }
      users.set(user.username, user)
      phones.add(user.phone)
      return user
    } catch (error) {
      // A registration has taken the next name.
      const isTaken = (error as { code?: string }).code === 'username_taken'
      if (isTaken && wish.username === undefined) return addUser({ ...wish, phone })
      throw new Error(`The user "${username}" cannot be added: ${(error as Error).message}`, { cause: error })
    }
  }

  const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await instance.call('post', { path, body })
    if (answer.status === 200) return answer.body
    const { code, title, detail = title } = answer.body
    throw new Error(`POST ${path} returned ${answer.status} ${code}: ${detail}`)
  }

  const logIn: Doorcode['login'] = async (who) => {
    const user = typeof who === 'string' ? users.get(who) : who
    if (!user) throw new Error(`The kit has no user "${who}". Pass { username, password, phone } instead.`)
    const { username, password, phone } = user
    const opened = await post('/login', { username, password })
    const { code } = await inbox.waitForCode(phone, CODE_TIMEOUT_MS)
    return (await post('/verify', { pending_token: opened['pending_token'], code })) as unknown as TestGrant
  }
  // A second login ends the challenge of the first, so logins of one user run in sequence.
  const pending = new Map<string, Promise<unknown>>()
  const login: Doorcode['login'] = (who) => {
    const name = typeof who === 'string' ? who : who.username
    const grant = (pending.get(name) ?? Promise.resolve()).then(() => logIn(who))
    pending.set(
      name,
      grant.catch(() => {}),
    )
    return grant
  }

  let stopping: Promise<void> | undefined
  const stop = () => {
    stopping ??= instance
      .call('stop', null)
      .catch(() => {})
      .then(() => instance.end())
    return stopping
  }

  return {
    ...address,
    user: (wish = {}) => addUser(wish),
    waitForCode: (phone, { timeout = CODE_TIMEOUT_MS } = {}) => inbox.waitForCode(phone, timeout),
    async messages(phone) {
      await instance.call('tell', null)
      return inbox.to(phone)
    },
    login,
    token: async (user) => (await login(user)).access_token,
    clock: createTestClock((ms) => instance.call('advance', ms)),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
