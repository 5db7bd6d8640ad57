/** A whole Doorcode for one test, or for a suite of them: see `docs/integration-tests.md`. */
import { randomBytes } from 'node:crypto'
import { createFictionPhones } from './fiction-phones.ts'
import type { PostgresWish } from './find-postgres.ts'
import { createInbox, type ReceivedCode, type ReceivedMessage } from './inbox.ts'
import { startInstanceProcess } from './instance-process.ts'
import type { InstanceAddress, NewTestUser } from './instance-protocol.ts'
import { createTestClock, type TestClock } from './test-clock.ts'

/** What a test may ask of its instance. */
export interface DoorcodeOptions {
  /** Settings by their names, over those that suit tests: `{ ACCESS_TOKEN_TTL: '60' }`. */
  settings?: Record<string, string> | undefined
  /** `container` or `embedded`, or a Postgres in which a database is made and dropped; by default whichever there is. */
  database?: PostgresWish
  /** `inherit` to see what it logs. */
  stdio?: 'inherit' | 'ignore' | undefined
}

/** A user that the kit made. */
export interface TestUser {
  id: string
  username: string
  /** In clear. */
  password: string
  /** E.164. */
  phone: string
  locale: string | undefined
}

/** What a login gives: the body of `POST /verify`. */
export interface TestGrant {
  access_token: string
  token_type: string
  expires_in: number
  refresh_token: string
  refresh_expires_in: number
}

/** A Doorcode that runs for tests. */
export interface Doorcode extends AsyncDisposable, InstanceAddress {
  /** Adds a user with any password; what is not given is made up, and no two are alike. */
  user(wish?: Partial<NewTestUser>): Promise<TestUser>
  /** The newest code to this number that was not given out yet, or the next to come within `timeout` ms (5,000). */
  waitForCode(phone: string, options?: { timeout?: number }): Promise<ReceivedCode>
  /** All that was sent to this number, oldest first. */
  messages(phone: string): Promise<ReceivedMessage[]>
  /** Logs a user in with password and code; the user may be named where the kit made them. */
  login(user: string | Pick<TestUser, 'username' | 'password' | 'phone'>): Promise<TestGrant>
  /** The access token of such a login. */
  token(user: string | Pick<TestUser, 'username' | 'password' | 'phone'>): Promise<string>
  clock: TestClock
  /** Ends it and removes all it made. */
  stop(): Promise<void>
}

/** How long a code is waited for unless it is said, in ms. */
const PATIENCE = 5_000

/** What makes tests pleasant. Production refuses half of it. */
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

const OURS: Record<string, string> = {
  DATABASE_URL: 'Use the option `database`.',
  DATABASE_URL_FILE: 'Use the option `database`.',
}

const assertOurs = (settings: Record<string, string>): void => {
  for (const [name, instead] of Object.entries(OURS))
    if (name in settings) throw new Error(`${name} is the test kit's own. ${instead}`)
  if (settings['NODE_ENV'] === 'production') throw new Error('NODE_ENV must not be production in tests.')
}

/** Settings as the environment has them, whatever a test without types has written. */
const inWords = (settings: Record<string, string>) =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]))

/**
 * Starts a Doorcode with a database of its own, on a free port of this machine, in a process that ends with this one.
 * Throws what the service itself says when it cannot start.
 */
export const startDoorcode = async ({
  settings = {},
  database,
  stdio = 'ignore',
}: DoorcodeOptions = {}): Promise<Doorcode> => {
  assertOurs(settings)
  const inbox = createInbox()
  const instance = startInstanceProcess({ stdio, onKept: inbox.take })
  const address = await instance
    .call('start', { settings: { ...FOR_TESTS, ...inWords(settings) }, database })
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
      // Somebody has registered by the name that was next.
      const isTaken = (error as { code?: string }).code === 'username_taken'
      if (isTaken && wish.username === undefined) return addUser({ ...wish, phone })
      throw new Error(`The user "${username}" cannot be made: ${(error as Error).message}`, { cause: error })
    }
  }

  const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await instance.call('post', { path, body })
    if (answer.status === 200) return answer.body
    const { code, title, detail = title } = answer.body
    throw new Error(`POST ${path} was answered ${answer.status} ${code}: ${detail}`)
  }

  const logIn: Doorcode['login'] = async (who) => {
    const user = typeof who === 'string' ? users.get(who) : who
    if (!user) throw new Error(`The kit made no user "${who}". Give it { username, password, phone }.`)
    const { username, password, phone } = user
    const opened = await post('/login', { username, password })
    const { code } = await inbox.waitForCode(phone, PATIENCE)
    return (await post('/verify', { pending_token: opened['pending_token'], code })) as unknown as TestGrant
  }
  // A second login ends the first one's challenge: those of one user go one after the other.
  const underWay = new Map<string, Promise<unknown>>()
  const login: Doorcode['login'] = (who) => {
    const name = typeof who === 'string' ? who : who.username
    const grant = (underWay.get(name) ?? Promise.resolve()).then(() => logIn(who))
    underWay.set(
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
    waitForCode: (phone, { timeout = PATIENCE } = {}) => inbox.waitForCode(phone, timeout),
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
