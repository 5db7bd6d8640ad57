import type { Logger } from 'pino'
import { createNoticeHandler, type NoticeDeps } from '../core/account/notice.ts'
import type { Notices } from '../core/account/ports.ts'
import type { Transport } from '../http-client/client.ts'
import type { Settings } from '../settings/schema.ts'
import type { Database } from '../store/database.ts'
import { createEventOutbox } from '../store/outbox/events.ts'
import { createNoticeOutbox } from '../store/outbox/notices.ts'
import { createEventHandler } from './event-webhook.ts'
import { createOutboxWorker, type OutboxWorker } from './outbox-worker.ts'

/** Time between two looks into the outboxes, in ms. */
const POLL_INTERVAL_MS = 5_000

/** What the outboxes are made of besides settings. */
export interface OutboxParts extends Omit<NoticeDeps, 'outbox'> {
  database: Database
  logger: Logger
  /** Unix time, ms. */
  now: () => number
  /** Sends requests to the receiver of events. */
  transport: Transport
}

/** Opens the outboxes of notices and, where the operator subscribed, of events, with the one worker that empties them. */
export const openOutbox = (
  { EVENTS_WEBHOOK_URL: url, EVENTS_WEBHOOK_SECRET: secret }: Settings,
  { database, logger, now, transport, ...parts }: OutboxParts,
): Pick<OutboxWorker, 'start' | 'stop'> & { notices: Notices } => {
  const notices = createNoticeHandler({ outbox: createNoticeOutbox(database), ...parts })
  const events =
    url === undefined
      ? []
      : [createEventHandler({ outbox: createEventOutbox(database), url, secret: secret!, transport, now, log: logger })]
  const { start, wake, stop } = createOutboxWorker({
    handlers: [notices, ...events],
    every: POLL_INTERVAL_MS,
    log: logger,
  })
  return { start, stop, notices: { deliver: (context) => wake(notices, context) } }
}
