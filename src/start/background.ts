import type { Logger } from 'pino'
import { type Transport, wire } from '../http-client/client.ts'
import type { Settings } from '../settings/schema.ts'
import type { Database } from '../store/database.ts'
import { createHousekeeping } from '../store/housekeeping/index.ts'
import { createEventOutbox } from '../store/outbox/events.ts'
import { createEventWebhook, type EventWebhook } from './event-webhook.ts'

/** How often the outbox of events is looked into, in ms. */
const POLL_INTERVAL_MS = 5_000

/** How long after the start, and how often, what nobody needs any more is removed, in ms. */
const PRUNE_FIRST = 60_000
const PRUNE_EVERY = 3_600_000

/** What background work is made of. */
export interface BackgroundParts {
  settings: Settings
  database: Database
  logger: Logger
  /** Unix time, ms. */
  now: () => number
  /** Sends requests to the receiver of events; directly by default. */
  transport?: Transport
  /** How long after the start old rows are removed first, in ms. */
  firstPrune?: number
}

/** Starts the delivery of events, where somebody subscribed. */
const subscribe = ({
  settings,
  database,
  logger,
  now,
  transport = wire,
}: BackgroundParts): EventWebhook | undefined => {
  if (settings.EVENTS_WEBHOOK_URL === undefined) return undefined
  const webhook = createEventWebhook({
    outbox: createEventOutbox(database),
    url: settings.EVENTS_WEBHOOK_URL,
    secret: settings.EVENTS_WEBHOOK_SECRET!,
    transport,
    now,
    log: logger,
    every: POLL_INTERVAL_MS,
  })
  webhook.start()
  return webhook
}

/** Starts what goes on beside requests; keeps no process alive. `stop` resolves when what is under way has ended. */
export const startBackground = (parts: BackgroundParts): { stop: () => Promise<void> } => {
  const { settings, database, logger } = parts
  const events = subscribe(parts)
  const housekeeping = createHousekeeping(database)
  const retention = {
    challengeDays: settings.CHALLENGE_RETENTION,
    sessionDays: settings.SESSION_RETENTION,
    ledgerDays: settings.LEDGER_RETENTION,
    auditDays: settings.AUDIT_RETENTION,
  }
  const stopping = new AbortController()
  let underWay: Promise<void> | undefined
  const pruneOnce = async () => {
    try {
      const { ended, removed } = await housekeeping.prune(retention, stopping.signal)
      if (ended === 'busy') logger.debug({ event: 'prune_left', ...removed }, 'another instance removes old rows')
      else logger.info({ event: 'pruned', ended, ...removed }, 'removed what nobody needs any more')
    } catch (error) {
      logger.warn({ event: 'not_pruned', err: error }, 'could not remove old rows')
    }
    underWay = undefined
  }
  const prune = () => {
    underWay ??= pruneOnce()
  }
  // Soon, for instances that live shorter than an hour; not at once, when they have more to do.
  const first = setTimeout(prune, parts.firstPrune ?? PRUNE_FIRST).unref()
  const pruning = setInterval(prune, PRUNE_EVERY).unref()
  return {
    stop: async () => {
      clearTimeout(first)
      clearInterval(pruning)
      stopping.abort()
      await Promise.all([underWay, events?.stop()])
    },
  }
}
