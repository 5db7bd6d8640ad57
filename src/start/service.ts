import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import manifest from 'doorcode/package.json' with { type: 'json' }
import { buildApp } from '../app.ts'
import { createJournal } from '../core/audit/journal.ts'
import { limitsFor, PASSWORD_RULES } from '../core/limits.ts'
import { createHashQueue } from '../core/login/hash-queue.ts'
import { createFactors } from '../factors/index.ts'
import { createOutgoing } from '../http-client/outgoing.ts'
import { createArgon2id } from '../passwords/argon2id.ts'
import { createBreachRange } from '../passwords/breach-range.ts'
import { createPasswordPolicy } from '../passwords/policy.ts'
import { createOutbox } from '../providers/development/outbox.ts'
import { loadExternal } from '../providers/external.ts'
import { providers as ourProviders } from '../providers/index.ts'
import { loadSettings } from '../settings/load.ts'
import { createAuditTrail } from '../store/audit/index.ts'
import { createChallengeStore } from '../store/challenges/index.ts'
import { createDatabase } from '../store/database.ts'
import { adviceFor } from '../store/explain-fault.ts'
import { createNonceStore } from '../store/guard/nonces.ts'
import { createSendLedger } from '../store/sends/index.ts'
import { createDeviceStore } from '../store/sessions/devices.ts'
import { createSessionStore } from '../store/sessions/index.ts'
import { createAccountStore } from '../store/users/index.ts'
import { createRegistrationStore } from '../store/users/registrations.ts'
import { createAdmin } from './admin.ts'
import { createDelivery, createProviders, createTextsFor, domainOf, issuerOf } from './delivery.ts'
import { createDevelopment } from './development.ts'
import { createGuard } from './guard.ts'
import { startHousekeeping } from './housekeeping.ts'
import { openRings } from './keys.ts'
import { createLogger, prettyWhenWatched } from './logger.ts'
import { openOutbox } from './outbox.ts'
import { createReadiness } from './readiness.ts'
import type { Service, ServiceOptions } from './service-options.ts'

/** The longest a login may wait for its hash, in ms. */
const LONGEST_HASH_WAIT = 2_000

/**
 * Starts the service: reads its settings, opens what they name, and listens. Throws a `SettingsError` with all that is
 * wrong with the settings, and whatever keeps it from its files, its database or its port.
 */
export const startService = async ({
  env,
  clock,
  say,
  startShutdown,
  openDatabase,
  onKept,
  beforeListen,
}: ServiceOptions): Promise<Service> => {
  const { loaded, faults } = await loadExternal((env['SMS_PROVIDERS'] ?? '').split(',').map((name) => name.trim()))
  const definitions = [...loaded, ...ourProviders]
  const settings = loadSettings({ env, providers: definitions, faults })
  const isProduction = settings.NODE_ENV === 'production'
  const logger = createLogger(settings.LOG_LEVEL, await prettyWhenWatched(isProduction))

  const { secrets, keys } = await openRings({ settings, env, log: logger, now: clock.now })
  // The first there is and not the one in force, so that instances agree however long ago they started.
  const [{ attemptKey, humanCheckKey, phoneKey }] = secrets.current()
  const issuer = issuerOf(settings)
  const audience = settings.AUDIENCE ?? issuer

  const outbox = createOutbox(clock.now, onKept)
  const outgoing = createOutgoing(settings)
  const companies = await createProviders(
    settings,
    definitions,
    { print: say, keep: outbox.keep, now: clock.now },
    outgoing.transport,
  )
  const texts = createTextsFor(settings, domainOf(settings))
  if (texts.leftOut.length > 0) {
    logger.info(
      { event: 'locales_left_out', locales: texts.leftOut },
      'languages whose text is too long with your names',
    )
  }

  const shutdown = startShutdown({ delay: settings.SHUTDOWN_DELAY * 1000, log: logger })
  const opening = openDatabase(settings)
  // A signal that comes meanwhile must not leave it behind.
  shutdown.onStop(async () => (await opening).close())
  const { url, demoUser, close } = await opening
  const database = createDatabase({
    url,
    poolSize: settings.DATABASE_POOL_SIZE,
    onIdleError: (error) => logger.warn({ event: 'database_connection_lost', err: error }, 'database connection lost'),
  })
  const { REDIS_URL: redisUrl } = settings
  const onRedisLost = (error: Error) => logger.warn({ event: 'redis_lost', err: error }, 'redis lost')
  // The client is loaded only where it is used.
  const redis =
    redisUrl === undefined ? undefined : (await import('../http/redis.ts')).connectRedis(redisUrl, onRedisLost)

  const audit = createAuditTrail(database, {
    onLost: (count, error) =>
      logger.error({ event: 'audit_lost', count, err: error }, `${count} audit entries could not be kept`),
  })
  const ledger = createSendLedger(database)
  const delivery = createDelivery(settings, {
    texts,
    providers: companies,
    ledger,
    clock,
    onBreaker: ({ provider, channel }, state) =>
      logger.warn({ event: 'circuit', provider, channel, state }, `${provider} ${channel}: circuit ${state}`),
  })
  const readiness = createReadiness(shutdown, database, (migrations) =>
    logger.warn(
      { event: 'schema_newer', migrations },
      `the schema is newer than this version: ${migrations.join(', ')}`,
    ),
  )

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
    now: clock.now,
    transport: outgoing.transport,
  })
  const factors = createFactors({
    sms: {
      ...delivery,
      codeLength: settings.CODE_LENGTH,
      countries: settings.SMS_COUNTRIES,
      voip: settings.SMS_VOIP,
      safeNumbers: settings.SMS_SAFE_NUMBERS,
      phoneKey,
    },
  })
  const passwords = await createArgon2id(
    createHashQueue({ concurrency: availableParallelism(), maxWait: LONGEST_HASH_WAIT, now: () => performance.now() }),
  )
  const passwordPolicy = createPasswordPolicy({
    serviceName: settings.SERVICE_NAME,
    isBreached: settings.PASSWORD_BREACH_URL
      ? createBreachRange(settings.PASSWORD_BREACH_URL, { fetch: outgoing.fetch, elapsed: clock.elapsed })
      : undefined,
    onUnavailable: (error) =>
      logger.warn({ event: 'breach_check_unavailable', err: error }, 'the list of breached passwords did not answer'),
  })
  const http = {
    logger,
    version: manifest.version,
    trustProxy: settings.TRUST_PROXY,
    rateLimit: settings.RATE_LIMIT,
    redis,
    elapsed: clock.elapsed,
    isStopping: shutdown.isStopping,
  }
  const journal = createJournal({ audit, log: (line, event) => logger.info(line, event), now: clock.now })
  const { now } = clock
  const { transport } = outgoing
  const deferred = openOutbox(settings, { database, factors, ledger, journal, logger, now, transport })
  const development = await createDevelopment(settings, { definitions, outbox, demoUser })
  const app = await buildApp({
    stores: {
      accounts: createAccountStore(database, settings.RATE_LIMIT ? PASSWORD_RULES : null),
      challenges: createChallengeStore(database, limits, policy),
      sessions: createSessionStore(database, limits),
      devices: createDeviceStore(database, limits),
      registrations: createRegistrationStore(database),
      ledger,
    },
    delivery: {
      factors,
      providers: companies,
      deliveryStates: delivery.dispatcher.states,
      notices: deferred.notices,
    },
    journal,
    guard: { ...guard, attemptKey, wait: sleep },
    credentials: {
      passwords,
      passwordPolicy,
      registration: settings.REGISTRATION,
      recoveryHelp: settings.RECOVERY_HELP,
      deviceTtl: settings.DEVICE_TOKEN_TTL,
    },
    tokens: {
      issuer,
      audience,
      clientId: settings.CLIENT_ID,
      accessTtl: settings.ACCESS_TOKEN_TTL,
      pendingTtl: settings.CODE_TTL,
      secrets,
      keys,
      now: clock.now,
    },
    http: { ...http, corsOrigins: settings.CORS_ORIGINS, refreshCookie: settings.REFRESH_COOKIE, readiness },
    development,
  })

  const admin = await createAdmin(settings, {
    http,
    journal,
    issuer,
    database,
    factors,
    passwords,
    passwordPolicy,
    limits,
  })
  const housekeeping = startHousekeeping(settings, { database, logger })
  deferred.start()

  const stop = async () => {
    await Promise.all([app.close(), admin.close(), housekeeping.stop(), deferred.stop()])
    // The last requests may have left notices.
    await deferred.stop()
    await ledger.drain()
    await audit.drain()
    await database.close()
    redis?.disconnect()
    await close()
  }
  shutdown.onStop(stop)
  // First: whoever finds us reachable finds all of us.
  await beforeListen?.()
  await admin.listen()
  const address = await app.listen({ host: settings.HOST, port: settings.PORT })
  logger.info({ event: 'listening', address, issuer }, `listening on ${address}`)
  for (const { name, check } of readiness) {
    check().catch((error: unknown) =>
      logger.warn({ event: 'not_ready', part: name, err: error }, `not ready: ${name}: ${adviceFor(error)}`),
    )
  }
  const hasDemo = development.demo !== undefined
  const codesAt = settings.SMS_PROVIDERS.includes('console') ? 'console' : development.outbox && 'outbox'
  return { address, issuer, audience, isProduction, demoUser, hasDemo, codesAt, database, factors, passwords, stop }
}
