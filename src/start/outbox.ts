import { createNoticeHandler, type NoticeDeps } from '../core/account/notice.ts'
import type { Notices } from '../core/account/ports.ts'
import type { Database } from '../store/database.ts'
import { createEventOutbox } from '../store/outbox/events.ts'
import { createNoticeOutbox } from '../store/outbox/notices.ts'
import type { CloseTogether } from './closing.ts'
import { createEventHandler } from './event-webhook.ts'
import type { Foundation } from './foundation.ts'
import { createOutboxWorker } from './outbox-worker.ts'

/** The interval between polls of the outboxes, in ms. */
const POLL_INTERVAL_MS = 5_000

/** Dependencies of the outboxes besides the foundation. */
export interface OutboxParts extends Omit<NoticeDeps, 'outbox'> {
  database: Database
}

/** The outboxes, with the functions that wake and start their worker. */
export interface OpenedOutbox {
  notices: Notices
  /** Starts to poll the outboxes. */
  start(serving: CloseTogether): void
}

/** Opens the outbox of notices, the outbox of events if a webhook is set, and the worker that empties both. */
export const openOutbox = (
  opened: AsyncDisposableStack,
  { settings, outgoing: { transport }, clock: { now }, logger: log }: Foundation,
  { database, ...parts }: OutboxParts,
): OpenedOutbox => {
  const notices = createNoticeHandler({ outbox: createNoticeOutbox(database), ...parts })
  const { EVENTS_WEBHOOK_URL: url, EVENTS_WEBHOOK_SECRET: secret } = settings
  const events =
    url === undefined
      ? []
      : [createEventHandler({ outbox: createEventOutbox(database), url, secret: secret!, transport, now, log })]
  const worker = createOutboxWorker({ handlers: [notices, ...events], every: POLL_INTERVAL_MS, log })
  // Stops after the API, whose last requests may queue notices.
  opened.defer(worker.stop)
  return {
    notices: { deliver: (context) => worker.wake(notices, context) },
    start(serving) {
      serving.defer(worker.stop)
      worker.start()
    },
  }
}
