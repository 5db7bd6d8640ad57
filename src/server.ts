import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import { type EmbeddedPostgres, startEmbedded } from '../db/embedded.ts'
import { migrate } from '../db/migrate.ts'
import { DEMO_USER, seedDemoUser } from '../db/seed.ts'
import manifest from '../package.json' with { type: 'json' }
import { createAdmin } from './admin.ts'
import { buildApp } from './app.ts'
import { startBackground } from './background.ts'
import { createHashQueue } from './core/hash-queue.ts'
import { limitsFor, PASSWORD_RULES } from './core/limits.ts'
import { createCompanies, createDelivery, createTextsFor, domainOf, issuerOf } from './delivery.ts'
import { createFactors } from './factors/index.ts'
import { createGuard } from './guard.ts'
import { openRings } from './key-rings.ts'
import { loadSettings } from './load-config.ts'
import { createLogger, prettyWhenWatched } from './logger.ts'
import { createArgon2id } from './passwords/argon2id.ts'
import { createBreachRange } from './passwords/breach-range.ts'
import { createPasswordPolicy } from './passwords/policy.ts'
import { loadExternal } from './providers/external.ts'
import { providers as ourProviders } from './providers/index.ts'
import { createOutbox } from './providers/outbox.ts'
import { createReadiness } from './readiness.ts'
import { startShutdown } from './shutdown.ts'
import { explainFailure, welcome } from './start-messages.ts'
import { createAuditTrail } from './store/audit.ts'
import { createChallengeStore } from './store/challenges.ts'
import { createDatabase } from './store/database.ts'
import { createDeviceStore } from './store/devices.ts'
import { createNonceStore } from './store/nonces.ts'
import { createNoticeStore } from './store/notices.ts'
import { createRegistrationStore } from './store/registrations.ts'
import { createSendLedger } from './store/sends.ts'
import { createSessionStore } from './store/sessions.ts'
import { createUserAdmin } from './store/user-admin.ts'
import { createAccountStore } from './store/users.ts'

/** Hashes at once: measured best at one a core. */
const hashThreads = availableParallelism()
// Twice as many threads, or look-ups of names would wait for hashes and hashes for a name server that hangs. libuv reads
// it when its pool first has work.
process.env['UV_THREADPOOL_SIZE'] ??= String(2 * hashThreads)

/** The longest a login may wait for its hash, in ms. */
const LONGEST_HASH_WAIT = 2_000

const say = (line: string) => process.stdout.write(`${line}\n`)

let embedded: EmbeddedPostgres | undefined
const stopEmbedded = () => {
  if (embedded?.startedHere) embedded.stop()
  embedded = undefined
}
// The last resort, for ends that nobody planned: it must not outlive us.
process.once('exit', stopEmbedded)

const start = async () => {
  const { loaded, faults } = await loadExternal(
    (process.env['SMS_PROVIDERS'] ?? '').split(',').map((name) => name.trim()),
  )
  const definitions = [...loaded, ...ourProviders]
  const settings = loadSettings({ env: process.env, providers: definitions, faults })
  const production = settings.NODE_ENV === 'production'
  const logger = createLogger(settings.LOG_LEVEL, await prettyWhenWatched(production))

  const { secrets, keys } = await openRings({ settings, env: process.env, log: logger })
  // The first there is and not the one in force, so that instances agree however long ago they started.
  const [{ attemptKey, humanCheckKey, phoneKey }] = secrets.current()
  const issuer = issuerOf(settings)

  const outbox = createOutbox()
  const companies = await createCompanies(settings, definitions, { print: say, keep: outbox.keep })
  const texts = createTextsFor(settings, domainOf(settings))
  if (texts.leftOut.length > 0) {
    logger.info(
      { event: 'locales_left_out', locales: texts.leftOut },
      'languages whose text is too long with your names',
    )
  }

  const shutdown = startShutdown({
    delay: settings.SHUTDOWN_DELAY * 1000,
    followParent: process.env['npm_lifecycle_event'] !== undefined,
    log: logger,
  })

  if (!settings.DATABASE_URL) {
    const starting = startEmbedded({ dataDir: settings.DATA_DIR, say })
    // A signal that comes meanwhile must not leave it behind.
    shutdown.onStop(async () => {
      embedded = await starting
    })
    embedded = await starting
  }
  const database = createDatabase({
    url: settings.DATABASE_URL ?? embedded!.url,
    poolSize: settings.DATABASE_POOL_SIZE,
    onIdleError: (error) => logger.warn({ event: 'database_connection_lost', err: error }, 'database connection lost'),
  })
  if (embedded) await migrateEmbedded(embedded.url)
  const users = createUserAdmin(database)
  if (embedded) await seedDemoUser(users)

  const redis = await connectRedis(settings.REDIS_URL, (error) =>
    logger.warn({ event: 'redis_lost', err: error }, 'redis lost'),
  )

  const audit = createAuditTrail(database, {
    onLost: (count, error) =>
      logger.error({ event: 'audit_lost', count, err: error }, `${count} audit entries could not be kept`),
  })
  const ledger = createSendLedger(database)
  const delivery = createDelivery(settings, {
    texts,
    providers: companies,
    ledger,
    onBreaker: ({ provider, channel }, state) =>
      logger.warn({ event: 'circuit', provider, channel, state }, `${provider} ${channel}: circuit ${state}`),
  })
  const readiness = createReadiness(shutdown, database)

  const limits = limitsFor({
    codeTtl: settings.CODE_TTL,
    resendCooldown: settings.RESEND_COOLDOWN,
    sessionTtl: settings.REFRESH_TOKEN_TTL,
    sessionIdle: settings.REFRESH_IDLE_TTL,
    deviceTtl: settings.DEVICE_TOKEN_TTL,
    freshFor: settings.STEP_UP_MAX_AGE,
  })
  const { policy, ...guard } = createGuard(settings, {
    limits,
    key: humanCheckKey,
    nonces: createNonceStore(database),
  })
  const factors = createFactors({
    sms: {
      ...delivery,
      countries: settings.SMS_COUNTRIES,
      voip: settings.SMS_VOIP,
      safeNumbers: settings.SMS_SAFE_NUMBERS,
      phoneKey,
    },
  })
  const passwords = await createArgon2id(
    createHashQueue({ concurrency: hashThreads, maxWait: LONGEST_HASH_WAIT, now: () => performance.now() }),
  )
  const passwordPolicy = createPasswordPolicy({
    serviceName: settings.SERVICE_NAME,
    isBreached: settings.PASSWORD_BREACH_URL ? createBreachRange(settings.PASSWORD_BREACH_URL) : undefined,
    onUnavailable: (error) =>
      logger.warn({ event: 'breach_check_unavailable', err: error }, 'the list of breached passwords did not answer'),
  })
  const listening = {
    audit,
    logger,
    version: manifest.version,
    trustProxy: settings.TRUST_PROXY,
    rateLimit: settings.RATE_LIMIT,
    redis,
  }
  const app = await buildApp({
    ...listening,
    ...guard,
    attemptKey,
    accounts: createAccountStore(database, settings.RATE_LIMIT ? PASSWORD_RULES : null),
    challenges: createChallengeStore(database, limits, policy),
    passwords,
    passwordPolicy,
    sessions: createSessionStore(database, limits),
    devices: createDeviceStore(database, limits),
    registrations: createRegistrationStore(database),
    notices: createNoticeStore(database),
    registration: settings.REGISTRATION,
    recoveryHelp: settings.RECOVERY_HELP,
    refreshCookie: settings.REFRESH_COOKIE,
    deviceTtl: settings.DEVICE_TOKEN_TTL,
    ledger,
    providers: companies,
    deliveryStates: delivery.dispatcher.states,
    factors,
    tokens: {
      issuer,
      audience: settings.AUDIENCE ?? issuer,
      clientId: settings.CLIENT_ID,
      accessTtl: settings.ACCESS_TOKEN_TTL,
      pendingTtl: settings.CODE_TTL,
      secrets,
      keys,
      now: Date.now,
    },
    readiness,
    codeLength: settings.CODE_LENGTH,
    corsOrigins: settings.CORS_ORIGINS,
    outbox: settings.DEV_OUTBOX ? outbox : undefined,
  })

  const admin = await createAdmin(settings, {
    ...listening,
    issuer,
    database,
    factors,
    passwords,
    passwordPolicy,
    limits,
  })
  const background = startBackground({ settings, database, logger })

  shutdown.onStop(async () => {
    await Promise.all([app.close(), admin.close(), background.stop()])
    await ledger.drain()
    await audit.drain()
    await database.close()
    redis?.disconnect()
    stopEmbedded()
  })
  const hasDemoUser = embedded && (await users.list()).some(({ username }) => username === DEMO_USER.username)
  // First: whoever finds us reachable finds all of us.
  await admin.listen()
  const address = await app.listen({ host: settings.HOST, port: settings.PORT })
  logger.info({ event: 'listening', address, issuer }, `listening on ${address}`)
  for (const { name, check } of readiness) {
    check().catch((error: unknown) => logger.warn({ event: 'not_ready', part: name, err: error }, `not ready: ${name}`))
  }
  if (!production) say(welcome(address, hasDemoUser ? DEMO_USER : undefined))
}

const migrateEmbedded = async (url: string) => {
  const database = createDatabase({ url, poolSize: 2, onIdleError: () => {}, patient: true })
  try {
    await migrate(database.kysely as never)
  } finally {
    await database.close()
  }
}

/** The client is loaded only where it is used. */
const connectRedis = async (url: string | undefined, onError: (error: Error) => void) => {
  if (url === undefined) return undefined
  const redis = await import('./http/redis.ts')
  return redis.connectRedis(url, onError)
}

start().catch((error: unknown) => {
  process.stderr.write(`${explainFailure(error)}\n`)
  process.exit(1)
})
