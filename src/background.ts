import type { Logger } from 'pino'
import type { Settings } from './config.ts'
import { createEventWebhook, type EventWebhook } from './events/webhook.ts'
import { wire } from './providers/http.ts'
import type { Database } from './store/database.ts'
import { createEventOutbox } from './store/events.ts'
import { createHousekeeping } from './store/housekeeping.ts'

/** How often the outbox of events is looked into, in ms. */
const LOOK_EVERY = 5_000

/** How often what nobody needs any more is removed, in ms. */
const PRUNE_EVERY = 3_600_000

/** What background work is made of. */
export interface BackgroundParts {
  settings: Settings
  database: Database
  logger: Logger
}

/** Starts the delivery of events, where somebody subscribed. */
const subscribe = ({ settings, database, logger }: BackgroundParts): EventWebhook | undefined => {
  if (settings.EVENTS_WEBHOOK_URL === undefined) return undefined
  const webhook = createEventWebhook({
    outbox: createEventOutbox(database),
    url: settings.EVENTS_WEBHOOK_URL,
    secret: settings.EVENTS_WEBHOOK_SECRET!,
    transport: wire,
    now: Date.now,
    log: logger,
    every: LOOK_EVERY,
  })
  webhook.start()
  return webhook
}

/** Starts what goes on beside requests; keeps no process alive. `stop` resolves when what is under way has ended. */
export const startBackground = (parts: BackgroundParts): { stop: () => Promise<void> } => {
  const { settings, database, logger } = parts
  const events = subscribe(parts)
  const housekeeping = createHousekeeping(database)
  const pruning = setInterval(() => {
    housekeeping
      .prune({ auditDays: settings.AUDIT_RETENTION })
      .then((removed) => logger.info({ event: 'pruned', ...removed }, 'removed what nobody needs any more'))
      .catch((error: unknown) => logger.warn({ event: 'not_pruned', err: error }, 'could not remove old rows'))
  }, PRUNE_EVERY).unref()
  return {
    stop: async () => {
      clearInterval(pruning)
      await events?.stop()
    },
  }
}
