import { randomUUID } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import type { Test } from 'tap'
import { type AppDeps, buildApp } from '../../src/app.ts'
import { createNoticeHandler } from '../../src/core/account/notice.ts'
import { createJournal } from '../../src/core/audit/journal.ts'
import type { Factor } from '../../src/core/challenge/factor.ts'
import { hashPhone } from '../../src/core/delivery/phone.ts'
import type { CodeMessage, Provider } from '../../src/core/delivery/ports.ts'
import { DURATIONS } from '../../src/core/durations.ts'
import { type GuardPolicy, policyFor } from '../../src/core/guard/rules.ts'
import { type LimitSettings, limitsFor, type PasswordRules } from '../../src/core/limits.ts'
import { createHashQueue } from '../../src/core/login/hash-queue.ts'
import type { PasswordVerifier } from '../../src/core/login/ports.ts'
import { createDispatch } from '../../src/delivery/dispatch.ts'
import { parseRoutes } from '../../src/delivery/routing.ts'
import { createFactors } from '../../src/factors/index.ts'
import { createLocaleChoice } from '../../src/factors/sms/locale.ts'
import { createTexts } from '../../src/factors/sms/render-texts.ts'
import { generateKeySet, readKeySet } from '../../src/keys/key-set.ts'
import { fixedRing } from '../../src/keys/ring.ts'
import { deriveSecrets, type Secrets } from '../../src/keys/secrets.ts'
import { createArgon2id, hashPassword } from '../../src/passwords/argon2id.ts'
import { createPasswordPolicy } from '../../src/passwords/policy.ts'
import { createScenarios, type ScenarioNumber } from '../../src/providers/development/scenarios.ts'
import { createLogger } from '../../src/start/logger.ts'
import { createOutboxWorker } from '../../src/start/outbox-worker.ts'
import { createReadiness } from '../../src/start/readiness.ts'
import { createAuditTrail } from '../../src/store/audit/index.ts'
import { createChallengeStore } from '../../src/store/challenges/index.ts'
import { createDatabase } from '../../src/store/database.ts'
import { createNoticeOutbox } from '../../src/store/outbox/notices.ts'
import { createSendLedger } from '../../src/store/sends/index.ts'
import { createDeviceStore } from '../../src/store/sessions/devices.ts'
import { createSessionStore } from '../../src/store/sessions/index.ts'
import { createUserAdmin } from '../../src/store/users/admin.ts'
import { createAccountStore } from '../../src/store/users/index.ts'
import { createRegistrationStore } from '../../src/store/users/registrations.ts'
import { advanceDatabase } from '../../testing/database-clock.ts'
import { breachesOf } from './invariants.ts'
import { secretsIn } from './log-search.ts'
import { type ApiDocument, checkAnswer } from './openapi-check.ts'
import { leaseTestDatabase } from './postgres.ts'

export const ISSUER = 'https://auth.example.com'
export const AUDIENCE = 'https://api.example.com'
export const PASSWORD = 'correct horse battery staple'

const SECRET = { ...deriveSecrets('only for tests: not a secret at all'), from: 0 }
const KEYS = readKeySet(JSON.stringify(generateKeySet('EdDSA')), 'EdDSA')
/** Cheap hashing: few tests are about it, and a production hash would cost more than the rest of a login. */
export const CHEAP = { memoryCost: 8, timeCost: 1, parallelism: 1 }

const PASSWORD_HASH = await hashPassword(PASSWORD, CHEAP)

const PASSWORDS: PasswordVerifier = await createArgon2id(
  createHashQueue({ concurrency: 2, maxWait: 20_000, now: () => performance.now() }),
  CHEAP,
)

const POLICY = createPasswordPolicy({ serviceName: 'Example', onUnavailable: () => {} })

/** One document for all worlds with the same routes, so that its schemas are compiled once. */
const documents = new Map<string, ApiDocument>()

/** A provider that supports only text messages by default. */
export type TestProvider = Omit<Provider, 'channels'> & Partial<Pick<Provider, 'channels'>>

/** The server's texts, which do not depend on the test. */
const TEXTS = createTexts({
  serviceName: 'Example',
  domain: 'example.com',
  codeLength: 6,
  overrides: {},
  locales: ['en', 'fr', 'pt-BR'],
})

/** Members of responses that only the caller may see. */
const TOKEN_MEMBERS = ['pending_token', 'access_token', 'refresh_token', 'device_token']

/** The options of a test world. */
export interface WorldOptions extends Partial<LimitSettings> {
  /** Changes the list of second factors. */
  factors?: (ours: Factor[]) => Factor[]
  /** Replaces the provider; by default every message is accepted. */
  provider?: TestProvider
  /** Several providers, in the order of failover. */
  providers?: TestProvider[]
  /** As in `SMS_ROUTES`. */
  routes?: string
  scenarios?: ScenarioNumber[]
  breaker?: { failures: number; openFor: number }
  countries?: string[]
  /** The rules of the guard; by default none, as with `RATE_LIMIT=false` and `SMS_GUARD=false`. */
  guard?: Partial<GuardPolicy>
  safeNumbers?: string[]
  /** Checks the invariants at the end of the test; false for a test that breaks them by SQL. */
  invariants?: boolean
  /** The rules for password attempts; by default none. */
  passwordRules?: PasswordRules
  /** The secrets that sign tokens and key codes, the one for new tokens first. */
  secrets?: Secrets
  /** Another database URL, such as one through a proxy. */
  databaseUrl?: string
  /** The maximum time to a response, in ms, which shortens the default of 5 s. */
  answerWithin?: number
  /** Applies the production time limits to statements, connections and requests, however busy the machine is. */
  hasTimeLimits?: boolean
  /** Replacements in each group of the app's dependencies. */
  app?: { [Group in keyof AppDeps]?: Partial<AppDeps[Group]> }
}

/** A response with its body. */
export interface Answer {
  status: number
  headers: Record<string, string>
  // biome-ignore lint/suspicious/noExplicitAny: a body may be any JSON; the OpenAPI check has validated it.
  body: any
}

/** A database, one or more instances of the app on it, and the phones that receive messages. */
export type World = Awaited<ReturnType<typeof createWorld>>

/**
 * Builds a world. Every response is checked against the OpenAPI document. At the end of the test the log is searched
 * for every password, code and token that was used.
 */
export const createWorld = async (t: Test, options: WorldOptions = {}) => {
  const { url, sql, opened } = await leaseTestDatabase(t)
  const logged: string[] = []
  const secrets = new Set<string>([PASSWORD])
  const instances: (() => Promise<void>)[] = []
  /** The delays of logins in ms, which are recorded and not waited for. */
  const waits: number[] = []
  const ledgers: { drain(): Promise<void> }[] = []
  const messages: (CodeMessage & { provider: string })[] = []
  const accepting: TestProvider = {
    name: 'test',
    send: async () => ({ outcome: 'accepted', messageId: randomUUID() }),
  }
  const providers = (options.providers ?? [options.provider ?? accepting]).map(
    (provider): Provider => ({
      channels: ['sms'],
      ...provider,
      send: (message, signal) => {
        messages.push({ ...message, provider: provider.name })
        secrets.add(message.code)
        return provider.send(message, signal)
      },
    }),
  )

  const open = (databaseUrl: string, patient: boolean) =>
    createDatabase({ url: databaseUrl, poolSize: 10, onIdleError: () => {}, patient })
  let instancesHere = 0

  /** Returns connections that earlier tests left for an instance, or new ones for another database URL. */
  const databaseFor = ({ databaseUrl, passwordRules, hasTimeLimits = false }: WorldOptions) => {
    if (databaseUrl !== undefined) return { database: open(databaseUrl, false), isKept: false }
    // With rules the login uses another statement of the same name.
    const key = `${instancesHere} ${passwordRules ? 'with' : 'without'} rules ${hasTimeLimits}`
    const database = opened.get(key) ?? open(url, !hasTimeLimits)
    opened.set(key, database)
    instancesHere += 1
    return { database, isKept: true }
  }

  /** Starts another instance on the same database. */
  const startInstance = async (changes: WorldOptions = {}) => {
    const settings = { ...options, ...changes }
    const { database, isKept } = databaseFor(settings)
    const ledger = createSendLedger(database)
    ledgers.push(ledger)
    const scenarios = createScenarios({
      numbers: settings.scenarios ?? [],
      now: Date.now,
      receive: ledger.receive,
      slowFor: 50,
      receiptAfter: 10,
    })
    const dispatcher = createDispatch({
      providers,
      routes: parseRoutes(
        settings.routes ?? '',
        providers.map(({ name }) => name),
      ),
      prices: new Map([['US:sms', 0.0083]]),
      breakers: {
        failures: 1_000,
        openFor: 1_000,
        ...settings.breaker,
        now: () => performance.now(),
        onChange: () => {},
      },
      deadline: (ms) => AbortSignal.timeout(ms),
      scenario: scenarios.providerFor,
    })
    const audit = createAuditTrail(database, {
      onLost: (count, error) => {
        if (options.invariants !== false) t.fail(`${count} audit entries lost`, { error })
      },
    })
    const limits = limitsFor(settings)
    const nothing = policyFor({
      budgets: {},
      codeTtl: limits.codeTtl,
      cooldowns: limits.cooldowns,
      humanCheck: settings.app?.guard?.humanCheck !== undefined,
      caps: false,
      fraud: false,
    })
    const { app: inGroups = {} } = settings
    const ours = createFactors({
      sms: {
        dispatcher,
        scenarios,
        texts: TEXTS,
        chooseLocale: createLocaleChoice(TEXTS.locales),
        codeLength: 6,
        countries: settings.countries ?? [],
        voip: true,
        safeNumbers: settings.safeNumbers ?? [],
        phoneKey: SECRET.phoneKey,
      },
    })
    const factors = settings.factors ? settings.factors(ours) : ours
    const logger = createLogger('trace', { write: (line: string) => void logged.push(line) })
    const journal = createJournal({ audit, log: (line, event) => logger.info(line, event), now: Date.now })
    const notices = createNoticeHandler({ outbox: createNoticeOutbox(database), factors, ledger, journal })
    const worker = createOutboxWorker({ handlers: [notices], every: 3_600_000, log: logger })
    const app = await buildApp({
      stores: {
        accounts: createAccountStore(database, settings.passwordRules ?? null),
        challenges: createChallengeStore(database, limits, { ...nothing, ...settings.guard }),
        sessions: createSessionStore(database, limits),
        devices: createDeviceStore(database, limits),
        registrations: createRegistrationStore(database),
        ledger,
        ...inGroups.stores,
      },
      delivery: {
        factors,
        providers,
        deliveryStates: dispatcher.states,
        notices: { deliver: (context) => worker.wake(notices, context) },
        ...inGroups.delivery,
      },
      guard: {
        humanCheck: undefined,
        intelligence: undefined,
        attemptKey: SECRET.attemptKey,
        wait: async (ms) => void waits.push(ms),
        ...inGroups.guard,
      },
      credentials: {
        passwords: PASSWORDS,
        passwordPolicy: POLICY,
        registration: 'open',
        recoveryHelp: 'Ask us.',
        deviceTtl: limits.deviceTtl,
        ...inGroups.credentials,
      },
      journal,
      tokens: {
        issuer: ISSUER,
        audience: AUDIENCE,
        clientId: 'test-client',
        accessTtl: DURATIONS.accessTtl.default,
        pendingTtl: limits.codeTtl,
        secrets: fixedRing(settings.secrets ?? [SECRET]),
        keys: fixedRing(KEYS),
        now: Date.now,
        ...inGroups.tokens,
      },
      http: {
        version: '0.0.0',
        logger,
        trustProxy: ['127.0.0.1'],
        corsOrigins: [],
        rateLimit: false,
        refreshCookie: false,
        readiness: createReadiness({ assertRunning: () => {} }, database),
        ...(isKept && !settings.hasTimeLimits && { answerWithin: 60_000 }),
        ...(settings.answerWithin !== undefined && { answerWithin: settings.answerWithin }),
        ...inGroups.http,
      },
      development: { ...inGroups.development },
    })
    // All notices are sent before the app is closed.
    app.addHook('onClose', () => worker.stop())
    instances.push(async () => {
      await app.close()
      await ledger.drain()
      await audit.drain()
      if (!isKept) await database.close()
    })
    const { outbox, demo } = settings.app?.development ?? {}
    const kind = `${outbox !== undefined} ${demo !== undefined}`
    const promised = documents.get(kind) ?? ((await app.inject('/openapi.json')).json() as ApiDocument)
    documents.set(kind, promised)

    const send = async (request: InjectOptions): Promise<Answer> => {
      const response = await app.inject(request)
      const { password } = (request.payload ?? {}) as { password?: unknown }
      if (typeof password === 'string' && password.length > 3) secrets.add(password)
      const isJson = /json/.test(String(response.headers['content-type']))
      const body = isJson ? response.json() : response.body
      for (const name of TOKEN_MEMBERS) if (body?.[name]) secrets.add(body[name])
      const fault = checkAnswer(promised, request, response)
      if (fault) t.fail(fault)
      return { status: response.statusCode, headers: response.headers as Record<string, string>, body }
    }
    const post = (path: string, payload: object, headers: Record<string, string> = {}) =>
      send({ method: 'POST', url: path, payload, headers })
    const get = (path: string, token?: string) =>
      send({ method: 'GET', url: path, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })

    return {
      app,
      database,
      ledger,
      audit,
      factors,
      send,
      post,
      get,
      login: (username: string, password = PASSWORD) => post('/login', { username, password }),
      verify: (token: string, code: string) => post('/verify', { pending_token: token, code }),
      resend: (token: string, wish: object = {}) => post('/resend', { pending_token: token, ...wish }),
      refresh: (token: string) => post('/refresh', { refresh_token: token }),
      /** Takes both login steps and returns the second body; the user must not be in a cooldown. */
      async logIn(username: string, wish: object = {}, password = PASSWORD) {
        const { body } = await post('/login', { username, password })
        const { code } = messages.at(-1)!
        const answer = await post('/verify', { pending_token: body.pending_token, code, ...wish })
        if (answer.status !== 200) throw new Error(`no login: ${JSON.stringify(body)} ${JSON.stringify(answer.body)}`)
        return answer.body
      },
      /** Returns the calls with an access token. */
      as: (token: string) => {
        const call = (method: 'GET' | 'POST' | 'DELETE') => (url: string, payload?: object) =>
          send({ method, url, headers: { authorization: `Bearer ${token}` }, ...(payload && { payload }) })
        return { get: call('GET'), post: call('POST'), delete: call('DELETE') }
      },
    }
  }

  // A failed assertion would be lost here; an error is reported.
  t.teardown(async () => {
    for (const close of instances) await close()
    const log = logged.join('\n')
    const faults = secretsIn(log, secrets).map((secret) => `a secret was logged: ${secret.slice(0, 3)}…`)
    if (messages.some(({ to }) => log.includes(to))) faults.push('a whole phone number was logged')
    if (options.invariants !== false) {
      const calls = new Map(
        providers.map(({ name }) => [name, messages.filter(({ provider }) => provider === name).length]),
      )
      const caps = options.guard?.number !== undefined
      faults.push(...(await breachesOf({ sql, logged, secrets, calls, caps })))
    }
    if (faults.length > 0) throw new Error(faults.join('\n'))
  })

  const first = await startInstance()
  const users = createUserAdmin(first.database)
  return {
    ...first,
    url,
    sql,
    users,
    logged,
    /** Adds a secret that no log line and no table may contain at the end of the test. */
    keepSecret: (secret: string) => void secrets.add(secret),
    messages,
    waits,
    startInstance,
    /** Adds a user with the test password and returns the id. */
    async addUser(username: string, phone = '+12025550143', locale?: string): Promise<string> {
      return (await users.add({ username, passwordHash: PASSWORD_HASH, factor: 'sms', phone, locale }))!
    },
    /** Returns the hash of a number in the ledger. */
    phoneHash: (phone: string) => hashPhone(SECRET.phoneKey, phone),
    /** Returns the code of the latest message. */
    lastCode: () => messages.at(-1)!.code,
    /** Advances the database clock by a number of seconds. */
    async passTime(seconds: number): Promise<void> {
      // Outcomes are written at the present time, before the clock moves.
      for (const ledger of ledgers) await ledger.drain()
      await advanceDatabase(sql, seconds)
    },
  }
}

/** Returns a code that differs from this one. */
export const wrongCode = (code: string, nth = 1): string =>
  String((Number(code) + nth) % 10 ** code.length).padStart(code.length, '0')
