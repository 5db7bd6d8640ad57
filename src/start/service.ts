import manifest from 'doorcode/package.json' with { type: 'json' }
import { createOutbox } from '../providers/development/outbox.ts'
import { openAdmin } from './admin.ts'
import { openApi } from './api.ts'
import { closeTogether } from './closing.ts'
import { openFactors } from './delivery.ts'
import { createDevelopment } from './development.ts'
import { openFoundation } from './foundation.ts'
import { startHousekeeping } from './housekeeping.ts'
import { limitsOf } from './limits.ts'
import { openOutbox } from './outbox.ts'
import { createPasswords } from './passwords.ts'
import { openSending } from './providers.ts'
import { createReadiness, logReadiness } from './readiness.ts'
import { openRecords } from './records.ts'
import type { Service, ServiceOptions } from './service-options.ts'
import { openStorage } from './storage.ts'

/** Opens the parts in the order of their dependencies, and then the ports. */
const openService = async (opened: AsyncDisposableStack, options: ServiceOptions): Promise<Omit<Service, 'stop'>> => {
  const { say, clock } = options
  const foundation = await openFoundation(opened, options)
  const { settings, definitions, logger, issuer, audience } = foundation
  const kept = createOutbox(clock.now, options.onKept)
  const sending = await openSending(foundation, { print: say, keep: kept.keep, now: clock.now })

  const shutdown = options.startShutdown({ delay: settings.SHUTDOWN_DELAY * 1000, log: logger })
  const { database, redis, demoUser } = await openStorage(opened, foundation, options.openDatabase)
  const records = openRecords(opened, foundation, database)
  const limits = limitsOf(settings)
  const passwords = await createPasswords(foundation)
  const { factors, deliveryStates } = openFactors(foundation, sending, records.ledger)
  const outbox = openOutbox(opened, foundation, { database, factors, ...records })

  const serving = closeTogether(opened)
  const http = {
    logger,
    version: manifest.version,
    trustProxy: settings.TRUST_PROXY,
    rateLimit: settings.RATE_LIMIT,
    redis,
    elapsed: clock.elapsed,
    isStopping: shutdown.isStopping,
  }
  const readiness = createReadiness(shutdown, database, logger)
  const development = await createDevelopment(settings, { definitions, outbox: kept, demoUser })
  const delivery = { factors, deliveryStates, providers: sending.providers, notices: outbox.notices }
  const common = { database, limits, http, ...records, ...passwords }
  const api = await openApi(serving, foundation, { ...common, readiness, delivery, development })
  const admin = await openAdmin(serving, foundation, { ...common, factors })

  // The port of the API comes last: a client that reaches it finds all of the service.
  await options.beforeListen?.()
  await admin.listen()
  const address = await api.listen()
  logger.info({ event: 'listening', address, issuer }, `listening on ${address}`)
  outbox.start(serving)
  startHousekeeping(serving, foundation, { database })
  logReadiness(readiness, logger)

  const hasDemo = development.demo !== undefined
  const codesAt = settings.SMS_PROVIDERS.includes('console') ? 'console' : development.outbox && 'outbox'
  const isProduction = settings.NODE_ENV === 'production'
  return { address, issuer, audience, isProduction, demoUser, hasDemo, codesAt, database, factors, ...passwords }
}

/**
 * Starts the service: reads its settings, opens its parts, and listens. If a part cannot be opened, the parts before it are
 * closed again. Throws a `SettingsError` with all faults of the settings, and the error of the file, database or port
 * that cannot be opened.
 */
export const startService = async (options: ServiceOptions): Promise<Service> => {
  /** Closes the opened parts in reverse order. */
  const opened = new AsyncDisposableStack()
  const starting: Promise<Omit<Service, 'stop'>> = openService(opened, {
    ...options,
    startShutdown(how) {
      const shutdown = options.startShutdown(how)
      shutdown.onStop(async () => {
        // After a signal during the start, wait for the part that is opening, so that it is closed too.
        await starting.catch(() => {})
        await opened.disposeAsync()
      })
      return shutdown
    },
  })
  try {
    return { ...(await starting), stop: () => opened.disposeAsync() }
  } catch (error) {
    // An error while closing must not hide the error of the start.
    await opened.disposeAsync().catch(() => {})
    throw error
  }
}
